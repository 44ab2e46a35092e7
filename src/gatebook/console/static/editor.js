// The editor: checks what is written while one types, leads to the line of a mistake, and begins and follows a replay. Without it the buttons do the same.
import { begin, follow } from "./job.js";
import { announce, fetchFragment } from "./swap.js";

const TYPING_MS = 400;
const form = document.getElementById("editor");
const text = form?.querySelector("textarea");
const earlier = document.getElementById("earlier");
let tried = earlier?.hidden === false ? null : text?.value;
let asking = null;
let timer = 0;

const fields = () => new URLSearchParams(new FormData(form));

async function check() {
  clearTimeout(timer);
  asking?.abort();
  asking = new AbortController();
  const mine = asking;
  const failed = document.getElementById("check-failed");
  try {
    const fresh = await fetchFragment("/changes/check", "check", mine.signal, fields());
    if (!fresh || mine.signal.aborted) return;
    const old = document.getElementById("check");
    if (old.dataset.summary !== fresh.dataset.summary) announce(fresh.dataset.summary);
    old.replaceWith(fresh);
    failed.hidden = true;
    const make = form.querySelector("[data-make]");
    // A draft that changes nothing does not say whether somebody else has to approve it.
    if (fresh.dataset.good !== undefined) make.textContent = fresh.dataset.second === undefined ? make.dataset.now : make.dataset.later;
  } catch (error) {
    if (error.name === "AbortError") return;
    failed.hidden = false;
    announce(failed.textContent);
  }
}

function place() {
  const before = text.value.slice(0, text.selectionStart).split("\n");
  document.getElementById("place").textContent = `Line ${before.length}, column ${before.at(-1).length + 1}`;
}

// Puts the cursor on a line, with all of it selected and in the middle of what is seen.
function goTo(line) {
  const lines = text.value.split("\n");
  const number = Math.min(line, lines.length);
  const start = lines.slice(0, number - 1).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + lines[number - 1].length);
  const height = text.scrollHeight / Math.max(1, lines.length);
  text.scrollTop = Math.max(0, (number - 0.5) * height - text.clientHeight / 2);
  place();
}

async function tryIt(button) {
  const failed = document.getElementById("try-failed");
  failed.hidden = true;
  try {
    if (!(await begin("replay", button))) return;
    tried = text?.value;
    earlier.hidden = true;
  } catch {
    failed.hidden = false;
    announce(failed.textContent);
  }
}

form?.addEventListener("click", (event) => {
  const link = event.target.closest("[data-line]");
  const button = event.target.closest("[data-check], [data-try]");
  if (!(link && text) && !button) return;
  event.preventDefault();
  if (link) goTo(Number(link.dataset.line));
  else if (button.dataset.try !== undefined) tryIt(button);
  else check();
});
text?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(check, TYPING_MS);
  if (earlier) earlier.hidden = !document.getElementById("replay").dataset.of || text.value === tried;
});
for (const name of ["keyup", "click", "focus"]) text?.addEventListener(name, place);
follow("replay");
