export interface TarEntry {
  /** Path without a leading slash, of at most 100 bytes. */
  path: string;
  mode: number;
  uid: number;
  content: string;
}

/** An archive of one file, in ustar form. */
export function tar(entry: TarEntry): Buffer {
  const content = Buffer.from(entry.content);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header(entry, content.length), content, padding, Buffer.alloc(1024)]);
}

function header({ path, mode, uid }: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, offset: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset);
  block.write(path, 0, 100);
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(Date.now() / 1000), 136, 12);
  block.write("0", 156);
  block.write("ustar\x0000", 257);
  // The checksum is taken with its own field full of spaces.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
