"""Query results as numpy columns: tens of thousands of rows in milliseconds, by COPY BINARY. Read only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

Column = NDArray[Any]

_TYPES = {"int4": ">i4", "int8": ">i8", "float8": ">f8"}
_HEADER = 19
_TRAILER = 2


def read_columns(sql: str, params: Sequence[object], **columns: str) -> dict[str, Column]:
    """Run a SELECT and return its columns, each of shape (n,), in the order of the rows.

    `columns` names the result's columns in order with their types: int4, int8 or float8. None may be null: a null
    raises ValueError.
    """
    sized = [((f"size of {name}", ">i4"), (name, _TYPES[kind])) for name, kind in columns.items()]
    row = np.dtype([("count of columns", ">i2"), *(field for pair in sized for field in pair)])
    with connection.cursor() as cursor:
        statement = cursor.mogrify(f"COPY ({sql}) TO STDOUT (FORMAT BINARY)", params)
        with cursor.copy(statement) as copy:
            data = b"".join(copy)
    count, rest = divmod(len(data) - _HEADER - _TRAILER, row.itemsize)
    if rest:
        raise ValueError("A column of the result is null or of another type.")
    rows = np.frombuffer(data, dtype=row, count=count, offset=_HEADER)
    return {name: rows[name].astype(rows[name].dtype.newbyteorder("=")) for name in columns}
