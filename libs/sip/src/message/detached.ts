// A copy of a text that keeps nothing else alive. V8 cuts strings without copying: a header value that is kept keeps its
// whole message in memory, up to 64 KiB for some ten bytes. For what outlives the message that it came from.

const BYTES_MAX = 1_024;
const bytes = Buffer.allocUnsafeSlow(BYTES_MAX);

/** The same text in one piece of its own; what is not latin1, as all of a message is here, is given back as it is. */
export const detached = (text: string): string => {
  const copy =
    text.length > BYTES_MAX
      ? Buffer.from(text, 'latin1').toString('latin1')
      : bytes.toString('latin1', 0, bytes.write(text, 0, 'latin1'));
  return copy === text ? copy : text;
};
