// Single keys, as the help lists them: the table on the page is the table of what is bound here.
(() => {
  const help = document.getElementById("keys");
  const button = document.querySelector("[data-keys-help]");
  if (!help || !button) return;
  const toggle = help.querySelector("[data-keys-switch]");
  const bound = new Map([...help.querySelectorAll("kbd[data-does]")].map((key) => [key.textContent, key.dataset.does]));
  // People who speak to their machine, or whose hand slips, must be able to switch single keys off
  // (WCAG 2.1.4); the choice is this browser's.
  let off = false;
  try { off = localStorage.getItem("keys") === "off"; } catch { /* private mode: on for this page */ }

  const name = () => {
    toggle.textContent = `Keys: ${off ? "off" : "on"}`;
    toggle.setAttribute("aria-pressed", String(!off));
  };
  toggle.addEventListener("click", () => {
    off = !off;
    try { off ? localStorage.setItem("keys", "off") : localStorage.removeItem("keys"); } catch { /* see above */ }
    name();
  });
  button.addEventListener("click", () => help.showModal());
  button.hidden = false;
  name();

  const links = () => [...document.querySelectorAll(".list tbody .what a")];
  const move = (step) => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]?.focus();
  };
  const send = (action) => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = action;
    document.body.append(form);
    form.submit();
  };
  const does = {
    next: () => move(1),
    previous: () => move(-1),
    back: () => {
      const way = document.referrer && new URL(document.referrer);
      const list = location.pathname.startsWith("/series/") ? "/series" : "/";
      if (way && way.origin === location.origin && way.pathname === list && location.pathname !== list) history.back();
      else location.assign(list);
    },
    acknowledge: () => {
      const open = document.querySelector("[data-acknowledge]");
      if (open) { open.click(); return; }
      const row = document.activeElement.closest?.("#rows tr.open a");
      if (row) send(`${row.getAttribute("href")}/acknowledge`);
    },
    search: () => {
      const field = document.querySelector('[role="search"] input[type="search"], [role="search"] input[name="match"]');
      const folded = field?.closest("details");
      if (folded) folded.open = true;
      field?.focus();
    },
    take: () => document.querySelector("#pill:not([hidden]) [data-take-new]")?.click(),
    help: () => help.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (off || help.open || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest?.("input, select, textarea, [contenteditable]")) return;
    const act = does[bound.get(event.key)];
    if (!act) return;
    event.preventDefault(); // else "/" would also be typed into the field it leads to
    act();
  });
})();
