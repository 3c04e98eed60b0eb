import polyglotI18nProvider from 'ra-i18n-polyglot';
import english from 'ra-language-english';
import russian from 'ra-language-russian';
import { mergeTranslations, type TranslationMessages } from 'react-admin';
import type { ErrorCode } from '../../server/errors.ts';
import type { ProblemCode } from '../../shared/problems.ts';

interface OwnTexts {
  readonly resources: Record<string, { name: string; fields: Record<string, string> }>;
  readonly site: {
    readonly search: string;
    readonly logout_everywhere: string;
    readonly films: string;
    readonly people: string;
    readonly no_films: string;
    readonly movie: string;
    readonly tv_show: string;
    readonly actor: string;
    readonly writer: string;
    readonly director: string;
    readonly conflict: { title: string; content: string; theirs: string; mine: string };
    readonly errors: Record<ErrorCode, string>;
    readonly problems: Record<ProblemCode, string>;
  };
}

const ownEnglish: OwnTexts = {
  resources: {
    films: {
      name: 'Film |||| Films',
      fields: {
        title: 'Title',
        description: 'Description',
        creation_date: 'Released',
        certificate: 'Certificate',
        file_path: 'File',
        rating: 'Rating',
        type: 'Type',
        genres: 'Genres',
        'people.person_id': 'Person',
        'people.role': 'Role',
        people: 'People',
        modified: 'Changed',
        q: 'Search',
        genre: 'Genre',
        rating_from: 'Rating from',
        rating_to: 'Rating to',
        year_from: 'Year from',
        year_to: 'Year to',
      },
    },
    persons: {
      name: 'Person |||| People',
      fields: {
        full_name: 'Name',
        birth_date: 'Born',
        film_count: 'Films',
        modified: 'Changed',
        q: 'Search',
      },
    },
    genres: {
      name: 'Genre |||| Genres',
      fields: {
        name: 'Name',
        description: 'Description',
        film_count: 'Films',
        modified: 'Changed',
        q: 'Search',
      },
    },
  },
  site: {
    search: 'The search page',
    logout_everywhere: 'Log out everywhere',
    films: 'Films',
    people: 'People',
    no_films: 'No films yet',
    movie: 'Film',
    tv_show: 'TV show',
    actor: 'Actor',
    writer: 'Writer',
    director: 'Director',
    conflict: {
      title: 'Somebody else has changed this',
      content:
        'It was changed after you opened it, so nothing has been saved. Load the new state, or go on editing to copy what you have written.',
      theirs: 'Load the new state',
      mine: 'Go on editing',
    },
    errors: {
      invalid: 'Some of the fields are not valid.',
      login_required: 'Your session has ended. Log in again.',
      wrong_login: 'Name or password is wrong.',
      cross_site: 'The request comes from another site.',
      not_found: 'It is not there any more.',
      conflict: 'Somebody else has changed it meanwhile. Nothing has been saved.',
      too_large: 'That is too much at once.',
      unsupported: 'The server does not take this.',
      too_many_requests: 'Too many attempts. Wait a little.',
      failed: 'That did not work. Nothing has been saved.',
      unavailable: 'The server is busy. Try again.',
    },
    problems: {
      required: 'Must be filled in',
      too_long: 'At most %{limit} characters',
      too_big: 'At most %{limit}',
      too_small: 'At least %{limit}',
      too_many: 'At most %{limit} of them',
      invalid: 'Is not valid',
      unknown_field: 'Is not known',
      duplicate: 'The same is there twice',
      unstorable: 'Has signs that cannot be stored',
      taken: 'There is one of this name already',
      gone: 'One of them is not there any more',
    },
  },
};

const ownRussian: OwnTexts = {
  resources: {
    films: {
      name: 'Фильм |||| Фильмы |||| Фильмы',
      fields: {
        title: 'Название',
        description: 'Описание',
        creation_date: 'Дата выхода',
        certificate: 'Сертификат',
        file_path: 'Файл',
        rating: 'Оценка',
        type: 'Вид',
        genres: 'Жанры',
        'people.person_id': 'Человек',
        'people.role': 'Роль',
        people: 'Люди',
        modified: 'Изменён',
        q: 'Поиск',
        genre: 'Жанр',
        rating_from: 'Оценка от',
        rating_to: 'Оценка до',
        year_from: 'Год от',
        year_to: 'Год до',
      },
    },
    persons: {
      name: 'Человек |||| Люди |||| Люди',
      fields: {
        full_name: 'Имя',
        birth_date: 'Дата рождения',
        film_count: 'Фильмы',
        modified: 'Изменён',
        q: 'Поиск',
      },
    },
    genres: {
      name: 'Жанр |||| Жанры |||| Жанры',
      fields: {
        name: 'Название',
        description: 'Описание',
        film_count: 'Фильмы',
        modified: 'Изменён',
        q: 'Поиск',
      },
    },
  },
  site: {
    search: 'Страница поиска',
    logout_everywhere: 'Выйти на всех устройствах',
    films: 'Фильмы',
    people: 'Люди',
    no_films: 'Фильмов пока нет',
    movie: 'Фильм',
    tv_show: 'Сериал',
    actor: 'Актёр',
    writer: 'Сценарист',
    director: 'Режиссёр',
    conflict: {
      title: 'Это изменил кто-то другой',
      content:
        'Изменение сделано после того, как вы открыли запись, поэтому ничего не сохранено. Загрузите новое состояние или вернитесь к правке, чтобы скопировать написанное.',
      theirs: 'Загрузить новое',
      mine: 'Вернуться к правке',
    },
    errors: {
      invalid: 'Не все поля заполнены верно.',
      login_required: 'Сеанс закончился. Войдите снова.',
      wrong_login: 'Неверное имя или пароль.',
      cross_site: 'Запрос пришёл с другого сайта.',
      not_found: 'Этого больше нет.',
      conflict: 'Тем временем это изменил кто-то другой. Ничего не сохранено.',
      too_large: 'Слишком много сразу.',
      unsupported: 'Сервер такого не принимает.',
      too_many_requests: 'Слишком много попыток. Подождите немного.',
      failed: 'Не получилось. Ничего не сохранено.',
      unavailable: 'Сервер занят. Попробуйте ещё раз.',
    },
    problems: {
      required: 'Нужно заполнить',
      too_long: 'Не больше %{limit} знаков',
      too_big: 'Не больше %{limit}',
      too_small: 'Не меньше %{limit}',
      too_many: 'Не больше %{limit}',
      invalid: 'Заполнено неверно',
      unknown_field: 'Неизвестное поле',
      duplicate: 'Повторяется',
      unstorable: 'Есть знаки, которые нельзя сохранить',
      taken: 'Такое название уже есть',
      gone: 'Чего-то из этого больше нет',
    },
  },
};

const dictionaries = {
  en: mergeTranslations(english, ownEnglish) as TranslationMessages,
  // What the Russian dictionary does not have yet is said in English.
  ru: mergeTranslations(english, russian, ownRussian) as TranslationMessages,
};

export const i18nProvider = polyglotI18nProvider(
  (locale) => (locale === 'ru' ? dictionaries.ru : dictionaries.en),
  navigator.language.startsWith('ru') ? 'ru' : 'en',
  [
    { locale: 'en', name: 'English' },
    { locale: 'ru', name: 'Русский' },
  ],
  { allowMissing: true },
);
