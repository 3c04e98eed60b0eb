import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { openSetting } from '../service/support/setting.ts';

/** Published articles, with their approved comments and an editor who is still here. */
const press: OwnSchema = {
  sql: `
    create schema press;
    create table press.editor (id integer primary key, name text not null, has_left boolean not null default false);
    create table press.article (
      id integer primary key, title text not null, state text not null, editor_id integer references press.editor
    );
    create table press.comment (
      id serial primary key, article_id integer not null references press.article on delete cascade,
      text text not null, is_approved boolean not null
    );
    create index on press.article (editor_id);
    alter table press.comment replica identity full;
    insert into press.editor values (1, 'Ann'), (2, 'Bo');
    insert into press.article
      select i, 'Article ' || i, (array['draft', 'published'])[1 + i % 2], 1 + i % 2 from generate_series(1, 20) i;
    insert into press.comment (article_id, text, is_approved)
      select 1 + i % 20, 'Comment ' || i, i % 3 = 0 from generate_series(1, 60) i`,
  definitions: {
    'articles.yaml': `
index: articles
root: press.article
where: state = 'published' or title like '%!'
fields:
  title: title
  editor: { one: editor, where: not has_left, value: name }
  comments: { many: comment, where: is_approved, value: text, order: [value] }
  approved: { count: comment, where: is_approved }
  waiting: { count: comment, where: not is_approved }
`,
    'editors.yaml': `
index: editors
root: press.editor
where: not has_left
fields:
  name: name
  published: { many: article, where: "state = 'published'", fields: { title: title, approved: { count: comment, where: is_approved } }, order: [title] }
`,
  },
  expected: {
    articles: `
      select a.id::text, json_build_object(
        'title', a.title,
        'editor', (select e.name from press.editor e where e.id = a.editor_id and not e.has_left),
        'comments', (select coalesce(json_agg(c.text order by c.text), '[]') from press.comment c
                     where c.article_id = a.id and c.is_approved),
        'approved', (select count(*) from press.comment c where c.article_id = a.id and c.is_approved),
        'waiting', (select count(*) from press.comment c where c.article_id = a.id and not c.is_approved))
      from press.article a where a.state = 'published' or a.title like '%!'`,
    editors: `
      select e.id::text, json_build_object('name', e.name, 'published', (
        select coalesce(json_agg(json_build_object('title', a.title, 'approved', (
                   select count(*) from press.comment c where c.article_id = a.id and c.is_approved))
                 order by a.title, a.id), '[]')
        from press.article a where a.editor_id = e.id and a.state = 'published'))
      from press.editor e where not e.has_left`,
  },
};

it('rows that enter and leave what a definition asks for appear in the documents and disappear', async (t) => {
  await using setting = await openSetting(t, { own: press });
  const { admin } = setting;
  await using service = setting.run();
  await service.untilStreaming();
  await setting.assertConverged();
  for (const sql of [
    `update press.article set state = 'published' where id = 2`,
    `update press.article set state = 'draft' where id in (3, 5)`,
    `update press.article set title = title || '!' where id in (3, 4)`,
    // While it has no document.
    `update press.comment set is_approved = true where article_id = 6; delete from press.comment where article_id = 8`,
    `update press.article set state = 'published' where id in (6, 8)`,
    `update press.comment set is_approved = not is_approved`,
    `update press.comment set article_id = 1, is_approved = true where article_id = 5`,
    `update press.editor set has_left = true where id = 1`,
    `update press.article set editor_id = 2 where id < 8`,
    `update press.editor set has_left = not has_left`,
    // In and out within a transaction, and gone while it is out.
    `begin;
     update press.article set state = 'draft';
     update press.article set state = 'published' where id % 3 = 0;
     delete from press.article where state = 'draft' and id > 15;
     insert into press.article values (30, 'New', 'draft', 1), (31, 'New', 'published', 1);
     update press.article set state = 'published' where id = 30;
     update press.article set state = 'draft' where id = 31;
     commit`,
    `update press.article set id = id + 100, state = case when id % 2 = 0 then 'draft' else 'published' end
     where id > 20`,
    `delete from press.article where state = 'published'`,
  ]) {
    await admin.query(sql);
    await setting.assertConverged();
  }
  assert.ok((await setting.documents('articles')).length > 0);
  await service.stop();
});
