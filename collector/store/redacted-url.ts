/** The connection string as it may be shown: without the password, wherever it stands in it. */
export function redactedUrl(text: string): string {
  return text
    // Up to the last @ of the authority: a password with an @ in it is a mistake people make.
    .replace(/^([a-z]+:\/\/[^:/?#@]*):.*@(?=[^@]*$)/i, '$1:***@')
    .replaceAll(/([?&](?:password|sslpassword)=)[^&]*/gi, '$1***');
}
