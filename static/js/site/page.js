// What every page loads. Everything here makes better what already works without it.

import "./modal.js";
import "./toasts.js";
import "./copy.js";
import "./forms.js";
