// Live updates without lies and without jumps. The server renders; this file only decides when to
// look again and what may move. Everything works without it, by reloading.
(() => {
  const STALE_MS = 10_000;
  const LOOK_AGAIN_MS = 1_000;
  const stream = document.getElementById("stream");
  const live = document.getElementById("live");
  const list = document.getElementById("rows");
  const pill = document.getElementById("pill");
  let heardMs = 0;
  let lookedMs = 0;
  let looking = null;
  let fresh = null;

  const lasting = (spanMs) => {
    let left = Math.max(0, Math.round(spanMs / 1000));
    const words = [];
    for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]) {
      const count = Math.floor(left / size);
      left -= count * size;
      if (count) words.push(`${count} ${unit}`);
      if (words.length === 2 || (unit === "min" && words.length)) break;
    }
    return words.join(" ") || "0 s";
  };
  const clock = (ms) => `${new Date(ms).toISOString().slice(11, 19)} UTC`;

  // The server's clock rules: ages count from when it made the page.
  const made = Number(live?.dataset.made || document.querySelector("footer time")?.dateTime && Date.parse(document.querySelector("footer time").dateTime)) || Date.now();
  const skewMs = made - Date.now();
  const nowMs = () => Date.now() + skewMs;

  const tell = () => {
    for (const age of document.querySelectorAll(".age[data-at]")) {
      const words = lasting(nowMs() - Number(age.dataset.at));
      const text = "bare" in age.dataset ? words : `${words} ago`;
      if (age.textContent !== text) age.textContent = text;
    }
    if (!live || !stream) return;
    const silentMs = Date.now() - heardMs;
    const stale = heardMs > 0 && silentMs > STALE_MS;
    live.classList.toggle("stale", stale);
    const text = !heardMs ? "connecting" : stale
      ? `stale since ${clock(heardMs + skewMs)} · reconnecting`
      : `live · ${Math.floor(silentMs / 1000)} s`;
    if (live.textContent !== text) live.textContent = text;
  };

  // While somebody selects text, has a field or a row's link in hand, nothing on the page moves.
  const busy = () => {
    const held = document.activeElement;
    return Boolean(String(getSelection())) || (held && list?.contains(held));
  };

  const versions = (root) => new Map([...root.querySelectorAll("tr[data-version]")].map((row) => [row.id, row]));

  const merge = (html) => {
    const incoming = document.createElement("div");
    incoming.innerHTML = html;
    const there = versions(incoming);
    const here = versions(list);
    let unseen = 0;
    for (const [id, row] of there) {
      const shown = here.get(id);
      if (!shown) { unseen += 1; continue; }
      if (shown.dataset.version === row.dataset.version && !shown.classList.contains("gone")) continue;
      shown.dataset.version = row.dataset.version;
      shown.className = row.className;
      // Cells change in place: the row keeps its place and its height class.
      [...row.children].forEach((cell, i) => {
        if (shown.children[i].innerHTML === cell.innerHTML) return;
        shown.children[i].innerHTML = cell.innerHTML;
        shown.children[i].className = `${cell.className} changed`;
      });
    }
    for (const [id, row] of here) if (!there.has(id)) row.classList.add("gone");
    fresh = html;
    if (!here.size && unseen) { take(); return; }
    pill.hidden = !unseen;
    pill.firstElementChild.textContent = `${unseen} new · show`;
  };

  const take = () => {
    if (fresh === null) return;
    list.innerHTML = fresh;
    fresh = null;
    pill.hidden = true;
    tell();
  };

  const look = async () => {
    looking = null;
    lookedMs = Date.now();
    if (busy()) { lookSoon(); return; }
    if (list) {
      const answer = await fetch(list.dataset.rows, { headers: { "HX-Request": "true" } }).catch(() => null);
      if (answer?.ok) merge(await answer.text());
      else lookSoon();
      return;
    }
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) { lookSoon(); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const told = page.getElementById("story");
    const shown = document.getElementById("story");
    if (!told || told.dataset.version === shown.dataset.version) return;
    const opened = [...shown.querySelectorAll("details")].map((one) => one.open);
    shown.replaceWith(told);
    [...told.querySelectorAll("details")].forEach((one, i) => { one.open = Boolean(opened[i]); });
    tell();
  };

  const lookSoon = () => {
    if (looking) return;
    looking = setTimeout(look, Math.max(50, LOOK_AGAIN_MS - (Date.now() - lookedMs)));
  };

  if (stream) {
    const heard = () => { heardMs = Date.now(); tell(); };
    const about = (event) => {
      heard();
      const mine = stream.dataset.incident;
      if (!mine || event.type !== "incident" || String(event.detail?.data || "").includes(mine)) lookSoon();
    };
    for (const name of ["beat"]) stream.addEventListener(name, heard);
    for (const name of ["hello", "resync", "incident"]) stream.addEventListener(name, about);
    pill?.addEventListener("click", (event) => { event.preventDefault(); take(); });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, select, textarea");
      if (event.key === "." && !typing && !event.ctrlKey && !event.metaKey && pill && !pill.hidden) take();
    });
  }
  tell();
  setInterval(tell, 1000);
})();
