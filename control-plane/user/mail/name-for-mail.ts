/** What programs that show mails would make a link of. */
const linkLike = /[:/\\@]|www|[\p{L}\p{N}][.\u3002\uff0e\uff61][\p{L}\p{N}]/iu;

/**
 * A name that somebody typed, for a mail to somebody else; `undefined` for one that would be shown as a link or an address:
 * whoever makes an organisation could have us send theirs to anybody.
 */
export function nameForMail(name: string): string | undefined {
  return linkLike.test(name) ? undefined : name;
}
