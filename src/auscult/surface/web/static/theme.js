// Runs before the first paint, so that a chosen theme never flashes the other one.
(() => {
  const root = document.documentElement;
  const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (theme) => { try { theme ? localStorage.setItem("theme", theme) : localStorage.removeItem("theme"); } catch { /* private mode: lasts for this page */ } };
  const show = (theme) => { if (theme) { root.dataset.theme = theme; } else { delete root.dataset.theme; } };
  show(kept());
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-switch]");
    const order = ["", "light", "dark"];
    const name = () => { button.textContent = `Theme: ${root.dataset.theme || "system"}`; };
    name();
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = order[(order.indexOf(root.dataset.theme || "") + 1) % order.length];
      keep(next); show(next); name();
    });
  });
})();
