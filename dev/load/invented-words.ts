import { faker } from '@faker-js/faker/locale/en';

/** What titles, names and descriptions are put together from. */
export interface Words {
  readonly firstNames: readonly string[];
  readonly lastNames: readonly string[];
  readonly adjectives: readonly string[];
  readonly nouns: readonly string[];
  readonly cities: readonly string[];
  readonly trades: readonly string[];
}

/** Draws the words once for a seed: a call to faker for each field of a million films would take minutes. */
export function drawWords(seed: number): Words {
  faker.seed(seed);
  const draw = (tries: number, word: () => string): string[] => [
    ...new Set(Array.from({ length: tries }, word)),
  ];
  return {
    firstNames: draw(3000, () => faker.person.firstName()),
    lastNames: draw(3000, () => faker.person.lastName()),
    adjectives: draw(1500, () => faker.word.adjective()),
    nouns: draw(1500, () => faker.word.noun()),
    cities: draw(1500, () => faker.location.city()),
    trades: draw(1500, () => faker.person.jobTitle().toLowerCase()),
  };
}
