"use strict";
// Asking the server, and asking the reader.

/** The server does not answer at all. */
const NOBODY = "The server does not answer. See whether `avel serve` still runs where you started it; this page goes on by itself.";

/** What the server refuses, in its own words. */
class Refused extends Error {
  /** @param {number} status of HTTP; 0 where nothing came back @param {string} reason @param {string} message @param {number} [wait] seconds, after which it may be asked again */
  constructor(status, reason, message, wait) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.wait = wait ?? 0;
  }
}

/**
 * The answer of the API, or what it refuses.
 * @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>}
 */
async function call(method, path, body) {
  let answer;
  try {
    const headers = { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
    answer = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  } catch {
    throw new Refused(0, "NOBODY", NOBODY);
  }
  if (answer.status === 204) return null;
  const text = await answer.text();
  return read(answer.status, text, Number(answer.headers.get("Retry-After")) || 0);
}

/** @param {number} status @param {string} text @param {number} wait in seconds @returns {any} */
function read(status, text, wait) {
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    throw new Refused(status, "ANSWER", `The server answered with ${status} and nothing that can be read; try again.`, wait);
  }
  if (status < 400) return said;
  throw new Refused(status, said.error?.reason ?? "ERROR", sentence(said.error?.message ?? `status ${status}`), wait);
}

/** Any error in words. @param {unknown} error */
function inWords(error) {
  return error instanceof Error ? error.message : String(error);
}

/** With a capital and a full stop. @param {string} text */
function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : begun + ".";
}

/** An element with a class and a text. @param {string} tag @param {string} name @param {string} [text] @returns {HTMLElement} */
function made(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** @param {string} text @param {string} name classes beside `b` @param {() => void} act @returns {HTMLButtonElement} */
function pressed(text, name, act) {
  const button = /** @type {HTMLButtonElement} */ (made("button", `b ${name}`.trim(), text));
  button.type = "button";
  button.onclick = act;
  return button;
}

/**
 * Ask the reader; the number of the choice, or -1 where the window was closed.
 * @param {string} question @param {string} why @param {string[]} choices the first is the one that stands out
 * @returns {Promise<number>}
 */
function choice(question, why, choices) {
  const dialog = /** @type {HTMLDialogElement} */ (el("ask"));
  el("asked").textContent = question;
  el("why").textContent = why;
  return new Promise((done) => {
    let chosen = -1;
    el("choices").replaceChildren(...choices.map((text, n) => pressed(text, n ? "" : "go", () => {
      chosen = n;
      dialog.close();
    })));
    dialog.onclose = () => done(chosen);
    dialog.showModal();
  });
}
