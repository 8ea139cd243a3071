/** What attackers write, for every place that shows it. None may become more than text. */
export const hostile = {
  markup: '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>',
  link: 'javascript:alert(1) https://evil.example/?q=1',
  bidi: 'bash \u202e\u2066gpj.exe\u2069 --quiet\u202c',
  hidden: 'cur\u200bl\u00a0\u2060http\ufeff://10.0.0.1\u3164',
  lines: 'sh -c "first\nsecond\r\tthird\u2028fourth\u0000\u001b[31mred"',
  marks: `z${'\u0301\u0316'.repeat(60)}algo`,
  arabic: 'cat /tmp/\u0645\u0644\u0641/1 2 3/\u0633\u0631\u064a',
  formula: `=HYPERLINK("http://evil.example","click")`,
  long: `python3 -c ${'A'.repeat(10_000)}`,
  wide: `${'w'.repeat(180)}.${'x'.repeat(60)}`,
} as const;
