// Live updates without lies and without jumps. The server renders; this file only decides when to
// look again and what may move. Everything works without it, by reloading.
(() => {
  const STALE_MS = 10_000;
  const LOOK_AGAIN_MS = 1_000;
  const LOOK_STALE_MS = 5_000;
  const stream = document.getElementById("stream");
  const live = document.getElementById("live");
  const spoken = document.getElementById("spoken");
  const list = document.getElementById("rows");
  const story = document.getElementById("story");
  const pill = document.getElementById("pill");
  const beganMs = Date.now();
  let heardMs = 0;
  let lookedMs = 0;
  let looking = null;
  let loggedOut = false;

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

  const write = (place, text) => { if (place && place.textContent !== text) place.textContent = text; };

  // The line is read by eyes every second; a screen reader hears only that it became another.
  const connection = () => {
    if (loggedOut) return ["logged out", "logged out · "];
    const silentMs = Date.now() - (heardMs || beganMs);
    if (silentMs > STALE_MS) {
      return ["stale, reconnecting", `stale since ${clock((heardMs || beganMs) + skewMs)} · reconnecting`];
    }
    return heardMs ? ["live", `live · ${Math.floor(silentMs / 1000)} s`] : ["", "connecting"];
  };

  const tellConnection = () => {
    if (!live || !stream) return;
    const [word, text] = connection();
    const wrong = loggedOut || word.startsWith("stale");
    live.classList.toggle("stale", wrong);
    write(spoken, word);
    if (!loggedOut) write(live, text);
    else if (!live.querySelector("a")) {
      const way = document.createElement("a");
      way.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
      way.textContent = "log in again";
      live.replaceChildren(text, way);
    }
    if (wrong) lookSoon(LOOK_STALE_MS);
  };

  const tell = () => {
    for (const age of document.querySelectorAll(".age[data-at]")) {
      const words = lasting(nowMs() - Number(age.dataset.at));
      write(age, "bare" in age.dataset ? words : `${words} ago`);
    }
    for (const offer of document.querySelectorAll("[data-until]")) {
      const leftS = Math.ceil((Number(offer.dataset.until) - nowMs()) / 1000);
      if (leftS > 0) write(offer.querySelector("button"), `Undo · ${leftS} s`);
      else if (!offer.contains(document.activeElement)) offer.remove();
    }
    tellConnection();
  };

  const selects = (part) => {
    const chosen = getSelection();
    return String(chosen) !== "" && Boolean(part) && chosen.containsNode(part, true);
  };

  // While somebody selects text, has a field or a row's link in hand, no row of the list moves.
  const busy = () => Boolean(list) && (Boolean(String(getSelection())) || list.contains(document.activeElement));

  const versions = (root) => new Map([...root.querySelectorAll("tr[data-version]")].map((row) => [row.id, row]));
  let fresh = null;

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
    write(pill.firstElementChild, `${unseen} new · show`);
  };

  const take = () => {
    if (fresh === null) return;
    list.innerHTML = fresh;
    fresh = null;
    pill.hidden = true;
    tell();
  };

  // A story is swapped part by part, and never the part that somebody has in hand: a button must
  // not become another one between the finger's way down and its way up.
  let pressed = null;
  let told = null;
  const focused = (part) => { // by keyboard, or to type: a button that a mouse left is in nobody's hand
    const one = document.activeElement;
    return part.contains(one) && one.matches(":focus-visible");
  };
  const held = (part) => focused(part) || part.contains(pressed) || selects(part);

  const settle = () => {
    if (!told) return;
    const parts = [...story.querySelectorAll("[data-part]")];
    const still = parts.find(held) || parts.find((part) => part.matches(":hover"));
    const before = still?.getBoundingClientRect().top;
    let waits = false;
    for (const part of parts) {
      const news = told.querySelector(`[data-part="${part.dataset.part}"]`);
      if (!news || news.innerHTML === part.innerHTML) continue;
      if (held(part)) { waits = true; continue; }
      const opened = [...part.querySelectorAll("details")].map((one) => one.open);
      part.replaceChildren(...news.childNodes);
      part.className = news.className;
      [...part.querySelectorAll("details")].forEach((one, i) => { one.open = Boolean(opened[i]); });
    }
    // What is in hand stays where it is, whatever grew or shrank above it.
    if (still) scrollBy({ top: still.getBoundingClientRect().top - before, behavior: "instant" });
    if (!waits) told = null;
    tell();
  };

  const ask = async (path) => {
    const answer = await fetch(path, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (answer) loggedOut = answer.status === 401 || (answer.redirected && new URL(answer.url).pathname === "/login");
    return answer?.ok && !loggedOut ? answer.text() : null;
  };

  const look = async () => {
    looking = null;
    lookedMs = Date.now();
    if (busy()) { lookSoon(LOOK_AGAIN_MS); return; }
    const html = await ask(list ? list.dataset.rows : location.pathname + location.search);
    if (html === null) { tell(); lookSoon(LOOK_STALE_MS); return; }
    if (list) { merge(html); tell(); return; }
    told = new DOMParser().parseFromString(html, "text/html").getElementById("story");
    settle();
  };

  const lookSoon = (pauseMs) => {
    if (looking) return;
    looking = setTimeout(look, Math.max(50, pauseMs - (Date.now() - lookedMs)));
  };

  if (stream) {
    const heard = () => { heardMs = Date.now(); loggedOut = false; tell(); };
    const about = (event) => {
      heard();
      const mine = stream.dataset.incident;
      if (!mine || event.type !== "incident" || String(event.detail?.data || "").includes(mine)) lookSoon(LOOK_AGAIN_MS);
    };
    stream.addEventListener("beat", heard);
    for (const name of ["hello", "resync", "incident"]) stream.addEventListener(name, about);
    stream.addEventListener("htmx:sse:error", (event) => {
      if (event.detail?.status === 401) { loggedOut = true; tell(); }
    });
    pill?.addEventListener("click", (event) => { event.preventDefault(); take(); });
  }
  if (stream && story) {
    const letGo = () => setTimeout(() => { pressed = null; settle(); }, 300); // after the click itself
    document.addEventListener("pointerdown", (event) => { pressed = event.target; });
    for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, letGo);
    story.addEventListener("focusout", () => setTimeout(settle));
    document.addEventListener("selectionchange", () => { if (told && !String(getSelection())) settle(); });
  }
  tell();
  setInterval(tell, 1000);
})();
