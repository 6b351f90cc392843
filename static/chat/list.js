// What surrounds the messages on every page of the chat: menus, search, notices, shortcuts.

import { setUpMenus } from "./menus.js";
import { setUpNotices } from "./notices.js";
import { setUpSearch } from "./search.js";
import { setUpShortcuts } from "./shortcuts.js";

setUpMenus();
setUpNotices(document.getElementById("messages"));
setUpSearch(document.getElementById("search-box"), document.getElementById("list-place"));
setUpShortcuts(document.getElementById("shortcuts"));
