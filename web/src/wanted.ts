/** Where somebody wanted to go when he was asked to log in first: a path of this server, or null. `search` is the address's query. */
export function wantedPath(search: string): string | null {
  const path = new URLSearchParams(search).get('next') ?? '';
  return /^\/(?![/\\])[^\\]*$/.test(path) ? path : null;
}
