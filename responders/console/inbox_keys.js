// The inbox's keys: J and K move the frame, O, L and X act on the mention inside it.
// A key presses that mention's own button, as the page shows it at that moment. A shortcut that Streamlit binds to a
// button stays with the old line for an instant after the frame has moved, and would act on a mention nobody chose.

const STEPS = { j: "inbox-down", k: "inbox-up" };
const ACTS = { o: "open", l: "claim", x: "close" };

// The mention whose frame is on its way to another line: what is pressed meanwhile was meant for the line to come.
let leaving;

// Called after every run of the page: wherever the frame went, it is there now.
export default function () {
  leaving = undefined;
  // One listener for the whole visit, for none may be missing between two runs. Pages without a frame have no keys.
  if (document.documentElement.hasAttribute("data-tf-keys")) return;
  document.addEventListener("keydown", pressed);
  document.documentElement.setAttribute("data-tf-keys", "");
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing || event.repeat) return;
  if (event.composedPath()[0].closest?.("input, textarea, select, [contenteditable]")) return;
  if (document.querySelector("[role=dialog], [role=listbox]")) return;
  const framed = new Set([...document.querySelectorAll("[data-tf-mention]")].map((line) => line.dataset.tfMention));
  // While the page is being drawn two mentions may be framed, or none: then nobody can say which one is meant.
  if (framed.size !== 1) return;
  const [mention] = framed;
  const letter = letterOf(event);
  if (letter in STEPS) {
    if (press(STEPS[letter])) leaving = mention;
  } else if (letter in ACTS && mention !== leaving) {
    press(`${ACTS[letter]}-${mention}`);
  } else return;
  event.preventDefault();
}

function press(key) {
  const button = document.querySelector(`.st-key-${key} button`);
  if (button === null || button.disabled) return false;
  button.click();
  return true;
}

// On a keyboard of Cyrillic or Arabic letters the key of this place.
function letterOf(event) {
  const letter = event.key.toLowerCase();
  return /^[a-z]$/.test(letter) ? letter : event.code.replace(/^Key/, "").toLowerCase();
}
