// The admin in the appearance chosen in the settings; in the head, so that nothing flashes. Django calls "system" "auto".

const { theme } = document.currentScript.dataset;
document.documentElement.dataset.theme = theme === "light" || theme === "dark" ? theme : "auto";
