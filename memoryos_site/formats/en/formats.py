"""English: day before month and a day of 24 hours, which no reader takes for something else."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
