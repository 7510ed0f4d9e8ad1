// What moves on the pages of the console. Every page works without this, but for the import of a file and for the
// sign-in link.

import { importFiles } from "./import.js";
import { watchPresence } from "./presence.js";

// The sign-in link carries the app and its token behind `#`, which browsers send to no server.
function followSignInLink() {
  const form = document.querySelector('form[action="/console/sign-in"]');
  if (!form || !location.hash) return;
  const link = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, "", location.pathname + location.search);
  if (!link.get("app") || !link.get("token")) return;
  form.elements.app.value = link.get("app");
  form.elements.token.value = link.get("token");
  form.requestSubmit();
}

followSignInLink();
watchPresence();
importFiles();
