// Offsets on the wire count code points; a JavaScript string counts UTF-16 units. This module is the bridge.

/** Number of code points in `text`. */
export function lengthOf(text) {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** `text` without its first `count` code points. */
export function dropFirst(text, count) {
  let units = 0;
  for (const character of text) {
    if (count <= 0) break;
    count -= 1;
    units += character.length;
  }
  return text.slice(units);
}

/** A random id, also where `crypto.randomUUID` is missing because the page came over plain http. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
