/** The page's words in both languages. A text with several forms is chosen by the number that it is said of. */
type Forms = Partial<Record<Intl.LDMLPluralRule, string>>;

const english = {
  films: 'Films',
  edit: 'Edit the films',
  searchLabel: 'Search for films',
  placeholder: 'A title, a word, a name …',
  found: { one: '{n} film', other: '{n} films' },
  nothing: 'Nothing is found. Fewer words find more.',
  sort: 'Sort by',
  relevance: 'Relevance',
  rating: 'Rating',
  newest: 'Newest',
  title: 'Title',
  narrow: 'Narrow it down',
  genres: 'Genres',
  years: 'Years',
  decade: '{n}s',
  clear: 'Clear all',
  remove: 'Remove: {text}',
  next: 'Next page',
  back: 'Back',
  pages: 'Pages',
  movie: 'Film',
  tv_show: 'TV show',
  unrated: 'Not rated',
  rated: 'Rated {n} of 10',
  directors: { one: 'Director', other: 'Directors' },
  writers: { one: 'Writer', other: 'Writers' },
  actors: { one: 'Cast', other: 'Cast' },
  director: 'Director',
  writer: 'Writer',
  actor: 'Actor',
  by: 'by',
  with: 'with',
  live: 'Live',
  liveHint: 'This page follows the edits of the films',
  away: 'The search does not answer',
  lost: 'Connecting …',
  changed: 'Changed',
  new: 'New',
  gone: 'Gone',
  seen: 'seen {n} ms after the edit',
  noFilm: 'There is no such film, or no more.',
  noPerson: 'There is no such person, or no more.',
  filmGone: 'This film has been deleted.',
  personGone: 'This person has been deleted.',
  failed: 'That did not work. Trying again …',
  language: 'Русский',
  toSearch: 'To the search',
  filmsOf: { one: '{n} film', other: '{n} films' },
} as const satisfies Record<string, string | Forms>;

export type TextKey = keyof typeof english;

const russian: Record<TextKey, string | Forms> = {
  films: 'Фильмы',
  edit: 'Правка',
  searchLabel: 'Поиск фильмов',
  placeholder: 'Название, слово, имя …',
  found: { one: '{n} фильм', few: '{n} фильма', many: '{n} фильмов', other: '{n} фильма' },
  nothing: 'Ничего не найдено. Чем меньше слов, тем больше находится.',
  sort: 'Сортировка',
  relevance: 'По соответствию',
  rating: 'По оценке',
  newest: 'Сначала новые',
  title: 'По названию',
  narrow: 'Уточнить',
  genres: 'Жанры',
  years: 'Годы',
  decade: '{n}-е',
  clear: 'Сбросить всё',
  remove: 'Убрать: {text}',
  next: 'Следующая страница',
  back: 'Назад',
  pages: 'Страницы',
  movie: 'Фильм',
  tv_show: 'Сериал',
  unrated: 'Без оценки',
  rated: 'Оценка {n} из 10',
  directors: { one: 'Режиссёр', other: 'Режиссёры' },
  writers: { one: 'Сценарист', other: 'Сценаристы' },
  actors: { one: 'В ролях', other: 'В ролях' },
  director: 'Режиссёр',
  writer: 'Сценарист',
  actor: 'Актёр',
  by: 'реж.',
  with: 'в ролях',
  live: 'Вживую',
  liveHint: 'Страница следит за правками фильмов',
  away: 'Поиск не отвечает',
  lost: 'Подключение …',
  changed: 'Изменён',
  new: 'Новый',
  gone: 'Удалён',
  seen: 'виден через {n} мс после правки',
  noFilm: 'Такого фильма нет, или больше нет.',
  noPerson: 'Такого человека нет, или больше нет.',
  filmGone: 'Этот фильм удалён.',
  personGone: 'Этот человек удалён.',
  failed: 'Не получилось. Пробуем ещё раз …',
  language: 'English',
  toSearch: 'К поиску',
  filmsOf: { one: '{n} фильм', few: '{n} фильма', many: '{n} фильмов', other: '{n} фильма' },
};

export type Language = 'en' | 'ru';

/** Says a text: `{n}` is the number, `{text}` whatever else there is to say. */
export type Say = (key: TextKey, values?: { readonly n?: number; readonly text?: string }) => string;

export function speak(language: Language): Say {
  const texts: Record<TextKey, string | Forms> = language === 'ru' ? russian : english;
  const plural = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (key, { n, text = '' } = {}) => {
    const forms = texts[key];
    const chosen = typeof forms === 'string' ? forms : (forms[plural.select(n ?? 0)] ?? forms.other ?? '');
    // A decade is no quantity: it has no separators.
    const number = n === undefined ? '' : key === 'decade' ? String(n) : numbers.format(n);
    return chosen.replace('{n}', number).replace('{text}', text);
  };
}

const stored = 'language';

export function initialLanguage(): Language {
  const chosen = localStorage.getItem(stored);
  if (chosen === 'en' || chosen === 'ru') return chosen;
  return navigator.language.startsWith('ru') ? 'ru' : 'en';
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(stored, language);
}
