const rawForms: readonly (readonly [RegExp, string])[] = [
  [/^https:\/\/github\.com\/([^/]+\/[^/]+)\/blob\/([^?#]+).*$/, 'https://raw.githubusercontent.com/$1/$2'],
  [/^https:\/\/gist\.github\.com\/([^/]+\/[0-9a-f]+)\/?([?#].*)?$/, 'https://gist.githubusercontent.com/$1/raw'],
  [/^(https:\/\/[^/]*gitlab[^/]*\/.+)\/-\/blob\/([^?#]+).*$/, '$1/-/raw/$2'],
];

/** What to do where a web page was found in place of a channel's file, with the address that was probably meant. */
export function rawFileHint(address: string): string {
  const form = rawForms.find(([page]) => page.test(address));
  return form
    ? `Give the address of the raw file, probably ${address.replace(...form)}`
    : 'Give the address of the raw file: on the page that shows it there is often a button "Raw"';
}
