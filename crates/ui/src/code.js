// Copying needs a secure page in most browsers; a hub on the office network has none, so selecting is the way there.
export function copy(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  if (navigator.clipboard) {
    navigator.clipboard.writeText(element.textContent).catch(() => {});
    return true;
  }
  return document.execCommand("copy");
}
