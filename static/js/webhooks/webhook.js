// The pages with the webhook box, which comes and goes with the modal: everything listens at the document.

import "../site/app.js";
import "./form.js";
import "./header-rows.js";
import "./conditions.js";
import "./presets.js";
import "./editor/lines.js";
import "./editor/typing.js";
import "./editor/variables.js";
