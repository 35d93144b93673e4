/** Where somebody wanted to go when he was asked to log in first: a path of this server, or null. `search` is the address's query. */
export function wantedPath(search: string): string | null {
  const path = new URLSearchParams(search).get('next') ?? '';
  // Browsers drop tabs and line ends from an address, which would make //elsewhere of /<tab>/elsewhere: nothing of the kind.
  return /^\/(?![/\\])[^\\\u0000-\u0020]*$/.test(path) ? path : null;
}
