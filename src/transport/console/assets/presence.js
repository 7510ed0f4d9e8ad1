// Keeps up to date who is online.

const INTERVAL_MS = 10000;

export async function refresh(marks) {
  const ids = [...new Set(marks.map((mark) => mark.dataset.presence))];
  const response = await fetch(`/console/users/presence?ids=${ids.join(",")}`);
  if (!response.ok || response.redirected) return;
  const online = new Set((await response.json()).online.map(String));
  for (const mark of marks) {
    const isOnline = online.has(mark.dataset.presence);
    mark.className = isOnline ? "badge good" : "badge quiet";
    mark.textContent = isOnline ? mark.dataset.online : mark.dataset.offline;
  }
}

export function watchPresence() {
  const marks = [...document.querySelectorAll("[data-presence]")];
  if (marks.length === 0) return;
  setInterval(() => {
    // Without a connection the marks stay as they are.
    if (!document.hidden) refresh(marks).catch(() => {});
  }, INTERVAL_MS);
}
