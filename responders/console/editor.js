// The reply's text area: marks risky words under the text while it is typed, and hands the text on after a pause.
// The words that are typed are never replaced from outside, except when Python names a new `nonce` (another draft, a template).

const PAUSE_MS = 450;
const LONGEST_WAIT_MS = 3000;

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".tf-editor");
  const area = root.querySelector("textarea");
  const paper = root.querySelector(".tf-paper");
  const status = root.querySelector(".tf-status");
  root.data = data;
  root.send = () => {
    clearTimeout(root.timer);
    root.timer = undefined;
    root.firstChange = undefined;
    if (root.sent === area.value) return;
    root.sent = area.value;
    setStateValue("typed", { text: area.value, nonce: root.nonce });
  };

  root.querySelector("label").textContent = data.label;
  area.setAttribute("aria-label", data.label);
  area.placeholder = data.placeholder;
  area.readOnly = data.locked;
  // Hidden until it has its name and its words: what is typed before them would be overwritten.
  root.hidden = false;
  if (root.nonce !== data.nonce) {
    root.nonce = data.nonce;
    root.sent = data.text;
    area.value = data.text;
    clearTimeout(root.timer);
    root.timer = undefined;
    root.firstChange = undefined;
  }

  const tell = () => {
    const saved = root.data.saved === area.value;
    status.textContent = saved ? root.data.savedWords : root.data.savingWords;
    status.classList.toggle("tf-pending", !saved);
  };

  const draw = () => {
    const text = Array.from(area.value);
    const marks = carriedOver(Array.from(root.data.checked), text, root.data.marks);
    paper.replaceChildren();
    const edges = [...new Set([0, text.length, ...marks.flatMap((mark) => [mark.start, mark.end])])].sort((a, b) => a - b);
    for (let i = 0; i + 1 < edges.length; i += 1) {
      const here = marks.filter((mark) => mark.start <= edges[i] && edges[i + 1] <= mark.end);
      const piece = text.slice(edges[i], edges[i + 1]).join("");
      if (here.length === 0) {
        paper.append(document.createTextNode(piece));
        continue;
      }
      const mark = document.createElement("mark");
      mark.className = "tf-" + (["block", "review", "warn"].find((s) => here.some((m) => m.severity === s)) ?? "warn");
      mark.textContent = piece;
      paper.append(mark);
    }
    // A last line break has no height of its own in a block, but does in a text area.
    paper.append(document.createTextNode("\u200b"));
    area.style.height = "auto";
    area.style.height = Math.max(area.scrollHeight, paper.scrollHeight, 150) + "px";
    // An empty text area shows words of ours, a full one words of the writer's.
    area.dir = area.value === "" ? root.data.direction : "auto";
    tell();
  };

  area.oninput = () => {
    draw();
    clearTimeout(root.timer);
    root.firstChange ??= Date.now();
    const waited = Date.now() - root.firstChange;
    root.timer = setTimeout(root.send, Math.max(0, Math.min(PAUSE_MS, LONGEST_WAIT_MS - waited)));
  };
  area.onblur = () => root.send();
  area.onkeydown = (event) => {
    // A shortcut must find the last words saved; plain keys stay in the text.
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) root.send();
    else if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  };
  const leaving = (event) => {
    if (root.sent !== area.value) {
      root.send();
      event.preventDefault();
    }
  };
  window.addEventListener("beforeunload", leaving);
  const resized = new ResizeObserver(() => requestAnimationFrame(draw));
  resized.observe(root);
  draw();

  return () => {
    window.removeEventListener("beforeunload", leaving);
    resized.disconnect();
  };
}

// Marks of the checked text, moved to where their words stand now; those that were touched are dropped.
function carriedOver(before, now, marks) {
  let head = 0;
  while (head < before.length && head < now.length && before[head] === now[head]) head += 1;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < now.length - head &&
    before[before.length - 1 - tail] === now[now.length - 1 - tail]
  ) {
    tail += 1;
  }
  const shift = now.length - before.length;
  return marks.flatMap((mark) => {
    if (mark.end <= head) return [mark];
    if (mark.start >= before.length - tail) return [{ ...mark, start: mark.start + shift, end: mark.end + shift }];
    return [];
  });
}
