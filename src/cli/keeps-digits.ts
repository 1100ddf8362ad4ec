const form = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Whether a number of a JSON text is still the same number, to its last digit, when this program has read it and written it again. */
export function keepsDigits(token: string): boolean {
  const written = String(Number(token));
  return written === token || decimalOf(written) === decimalOf(token);
}

/** The one spelling of a decimal number; of what is none, the text itself. */
function decimalOf(token: string): string {
  const [, sign, whole, fraction = '', exponent = '0'] = form.exec(token) ?? [];
  if (sign === undefined || whole === undefined) return token;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  if (end === 0) return '0';
  return `${sign}${digits.slice(0, end)}e${String(BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - end))}`;
}
