import assert from 'node:assert/strict';
import { it } from 'node:test';
import { copyLine } from '../../dev/load/copy.ts';

it("writes a row in COPY's text format, with what has a meaning there escaped", () => {
  assert.equal(copyLine(['a', 8.5, null]), 'a\t8.5\t\\N\n');
  assert.equal(copyLine(['a\tb\nc\rd\\e', '\\N', '', 'тест ½']), 'a\\tb\\nc\\rd\\\\e\t\\\\N\t\tтест ½\n');
});
