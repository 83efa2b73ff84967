"use strict";
// Asks for the value-only form of every open submodel; 304 costs nearly nothing.
const EVERY_MS = 2000;
const state = document.getElementById("state");

function shown(value) {
  if (value !== null && typeof value === "object") {
    return null;
  }
  return value === null ? "-" : String(value);
}

function put(places, path, value) {
  const place = places.get(path);
  if (place) {
    const text = shown(value);
    if (text !== null && place.textContent !== text) {
      place.textContent = text;
      place.classList.add("new");
      requestAnimationFrame(() => requestAnimationFrame(() => place.classList.remove("new")));
    }
  } else if (Array.isArray(value)) {
    value.forEach((each, at) => put(places, `${path}[${at}]`, each));
  } else if (value !== null && typeof value === "object") {
    for (const [name, each] of Object.entries(value)) {
      put(places, path ? `${path}.${name}` : name, each);
    }
  }
}

async function refresh(box) {
  const answer = await fetch(`/submodels/${box.dataset.submodel}/$value`, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(5000),
  });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  const places = new Map();
  for (const place of box.querySelectorAll("[data-path]")) {
    places.set(place.dataset.path, place);
  }
  put(places, "", await answer.json());
}

async function round() {
  if (!document.hidden) {
    try {
      for (const box of document.querySelectorAll("details[open][data-submodel]")) {
        await refresh(box);
      }
      state.textContent = `${document.body.dataset.live} · ${new Date().toLocaleTimeString(document.documentElement.lang)}`;
      state.className = "on";
    } catch {
      state.textContent = document.body.dataset.lost;
      state.className = "off";
    }
  }
  setTimeout(round, EVERY_MS);
}

round();
