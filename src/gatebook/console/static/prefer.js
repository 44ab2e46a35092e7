// What a person prefers is kept by the server, under their name, so that it is the same on every machine.
import { announce } from "./swap.js";

export async function prefer(name, value) {
  const body = new URLSearchParams({ csrf: document.body.dataset.csrf, name, value });
  const answer = await fetch("/preferences", { method: "POST", body, credentials: "same-origin", redirect: "manual" }).catch(() => null);
  if (!answer || answer.status >= 400) announce("This choice could not be kept");
  return !!answer && answer.status < 400;
}

// What belongs to this browser rather than to the person: the server reads it with the next page.
export function remember(name, value) {
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax`;
}
