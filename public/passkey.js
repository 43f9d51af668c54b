// Passkeys, the browser's half: a form that carries `data-passkey` is sent once the browser has made
// a key ("create") or shown one ("get"). Without JavaScript such forms are not seen (style/forms.css).
const root = document.documentElement;
if (window.PublicKeyCredential && window.isSecureContext) root.dataset.passkeys = "on";

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const named = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));

/** What a person can read. */
class Told extends Error {}

const REASONS = {
  NotAllowedError: "The browser or the device did not do it, or it took too long. Try again.",
  InvalidStateError: "This device holds a passkey for you already.",
  NotSupportedError: "This device makes no passkeys.",
  SecurityError: "The browser allows no passkeys at this address.",
};

/** Asks the server what the browser is to sign; what is typed in the form goes along. */
async function challenge(form) {
  const headers = { accept: "application/json" };
  const answer = await fetch(form.dataset.challenge, { method: "POST", headers, body: new URLSearchParams(new FormData(form)) });
  const said = await answer.json().catch(() => null);
  if (answer.ok && said) return (typeof said === "string" ? JSON.parse(said) : said).publicKey;
  const why = said && typeof said === "object" ? Object.values(said)[0]?.message : null;
  throw new Told(why ?? (answer.status === 429 ? "Too many attempts. Wait a little and try again." : "The server did not answer as it should. Reload the page and try again."));
}

async function create(asked) {
  const made = await navigator.credentials.create({
    publicKey: { ...asked, challenge: bytes(asked.challenge), user: { ...asked.user, id: bytes(asked.user.id) }, excludeCredentials: named(asked.excludeCredentials) },
  });
  const { attestationObject, clientDataJSON } = made.response;
  return answered(made, { attestationObject: text(attestationObject), clientDataJSON: text(clientDataJSON), transports: made.response.getTransports?.() });
}

async function get(asked) {
  const shown = await navigator.credentials.get({
    publicKey: { ...asked, challenge: bytes(asked.challenge), allowCredentials: named(asked.allowCredentials) },
  });
  const { authenticatorData, clientDataJSON, signature, userHandle } = shown.response;
  return answered(shown, {
    authenticatorData: text(authenticatorData),
    clientDataJSON: text(clientDataJSON),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  });
}

const answered = (credential, response) =>
  JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response, extensions: credential.getClientExtensionResults() });

async function run(form) {
  const { credential, password } = form.elements;
  const problem = form.querySelector("[data-passkey-problem]");
  problem.textContent = "";
  form.inert = true;
  try {
    if (location.origin !== form.dataset.origin) throw new Told(`Passkeys work at ${form.dataset.origin}: open Millrace there.`);
    credential.value = await (form.dataset.passkey === "create" ? create : get)(await challenge(form));
    // The password was for the challenge: it is not sent again.
    if (password) password.disabled = true;
    form.inert = false;
    form.requestSubmit();
    if (password) password.value = "";
  } catch (error) {
    problem.textContent = error instanceof Told ? error.message : (REASONS[error.name] ?? "That did not work. Try again.");
  } finally {
    form.inert = false;
    credential.value = "";
    if (password) password.disabled = false;
  }
}

// Before anybody else hears of it: the form is sent again with what the browser made.
addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.matches?.("[data-passkey]") || form.elements.credential.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    run(form);
  },
  true,
);
