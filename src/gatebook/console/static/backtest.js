// A backtest: begun from the form that holds the draft, followed until it has a result. Without it the button leads to a page that does the same.
import { begin, follow } from "./job.js";
import { announce } from "./swap.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-backtest]");
  if (!button) return;
  event.preventDefault();
  begin("backtest", button).catch((error) => announce(error.message));
});
follow("backtest");
