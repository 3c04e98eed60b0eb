/**
 * Mends text that was written in Windows-1252 and read as Mac OS Roman (`LÈon` for `Léon`). Characters that Mac OS
 * Roman does not have cannot come from that mistake and stay. Only for text that is known to have suffered it.
 */
export function repairMacRoman(text: string): string {
  return text.replace(/[^\p{ASCII}]/gu, (character) => meant.get(character) ?? character);
}

const upperHalf = Uint8Array.from({ length: 128 }, (_, position) => 128 + position);
const wronglyRead = Array.from(new TextDecoder('macintosh').decode(upperHalf));
const asWritten = Array.from(new TextDecoder('windows-1252').decode(upperHalf));
const meant = new Map(wronglyRead.map((character, position) => [character, asWritten[position]]));
