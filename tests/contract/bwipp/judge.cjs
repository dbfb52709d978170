// Reads lines [form, text] and answers each with "" or what BWIPP has against it. Run where bwip-js can be found.
const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');
const bwipp = createRequire(`${process.argv[2]}/`)('bwip-js');
const kinds = { bracketed: 'gs1datamatrix', link: 'gs1dldatamatrix' };

createInterface({ input: process.stdin }).on('line', (line) => {
  const [form, text] = JSON.parse(line);
  let verdict = '';
  try {
    bwipp.raw(kinds[form], text, 'lintreqs=false');
  } catch (error) {
    verdict = String(error.message || error);
  }
  console.log(JSON.stringify(verdict));
});
