// Reads a text/event-stream. Pure: text goes in as it arrives, whole events come out.

export interface ServerEvent {
  event: string;
  data: string;
}

/** Remembers what was cut in the middle. Comments (heartbeats) give nothing; lines may end in \n, \r\n or \r. */
export class EventReader {
  #rest = '';
  #event = '';
  #data: string[] = [];

  /** Take a piece of the stream; return the events that are whole now. */
  feed(text: string): ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerEvent[] {
    if (line !== '') {
      this.#field(line);
      return [];
    }
    const whole = this.#data.length ? [{ event: this.#event || 'message', data: this.#data.join('\n') }] : [];
    this.#event = '';
    this.#data = [];
    return whole;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#event = value;
    if (name === 'data') this.#data.push(value);
  }
}
