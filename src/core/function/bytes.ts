const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text that these bytes are in UTF-8; null when they are none. A byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The bytes of a text in the standard base64 of RFC 4648, padding required; line breaks are passed over, as Go does. Null when it is
 * anything else.
 */
export function decodeBase64(text: string): Buffer | null {
  const bare = text.replace(/[\r\n]/g, '');
  return BASE64.test(bare) ? Buffer.from(bare, 'base64') : null;
}

/** 0-based index of the first character that cannot stand where it does in base64; the text's length when it only ends too early. */
export function base64Fault(text: string): number {
  let digits = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    if (character === '\r' || character === '\n') continue;
    if (!/[A-Za-z0-9+/]/.test(character)) return index;
    digits++;
  }
  return digits % 4 === 0 ? 0 : text.length;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
