// What every page of somebody who is signed in loads.

import "./page.js";
import "./menus.js";
import "./moments.js";
