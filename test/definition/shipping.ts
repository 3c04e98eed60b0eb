import type { Random } from '../support/random.ts';

/**
 * A schema that has nothing to do with films: composite and padded keys, self-references, a one-to-one from the other
 * side, two foreign keys to the same table, a table without a key, four levels.
 */
export const schemaSql = `
create schema sea;

create table sea.port (
  country char(2),
  code text,
  name text not null,
  primary key (country, code)
);

create table sea.sailor (
  id bigint primary key,
  name text,
  mentor_id bigint references sea.sailor on delete set null
);

create table sea.passport (
  number text primary key,
  sailor_id bigint unique references sea.sailor on delete cascade on update cascade
);

create table sea.ship (
  id integer primary key,
  name text not null,
  is_active boolean not null default true,
  tonnage numeric,
  flags text[],
  spec jsonb,
  built date,
  x1 text,
  home_country char(2),
  home_code text,
  sister_id integer references sea.ship on delete set null,
  captain_id bigint references sea.sailor on delete set null on update cascade,
  foreign key (home_country, home_code) references sea.port on delete set null on update cascade
);

create table sea.voyage (
  ship_id integer references sea.ship on delete cascade on update cascade,
  no integer,
  from_country char(2),
  from_code text,
  to_country char(2),
  to_code text,
  primary key (ship_id, no),
  foreign key (from_country, from_code) references sea.port on delete set null on update cascade,
  foreign key (to_country, to_code) references sea.port on delete set null on update cascade
);

create table sea.cargo (
  id integer primary key,
  ship_id integer,
  voyage_no integer,
  kind text not null,
  weight numeric,
  foreign key (ship_id, voyage_no) references sea.voyage on delete cascade on update cascade
);

create table sea.inspection (
  cargo_id integer references sea.cargo on delete cascade on update cascade,
  note text
);

create table sea.crew (
  sailor_id bigint references sea.sailor on delete cascade on update cascade,
  ship_id integer references sea.ship on delete cascade on update cascade,
  role text not null,
  primary key (sailor_id, ship_id)
);
`;

export const definitions = {
  'ships.yaml': `
index: ships
root: sea.ship
where: is_active -- a comment
fields:
  id: id
  name: name
  label: { expression: "upper(name) || ' \\"#' || id::text || '\\"' -- loud" }
  two_lines: { expression: "'a\\n  b' || coalesce(name, '')" }
  tonnage: tonnage
  flags: flags
  spec: spec
  built: built
  active: is_active
  x1: x1
  home: { one: port, fields: { country: country, code: code, name: name } }
  neighbours: { one: port, value: { many: ship, value: name, order: [value] } }
  sister: { one: ship, via: sister_id, value: name }
  sister_of:
    many: ship
    via: sister_id
    where: "is_active"
    fields: { id: id, name: name }
    order: [name desc, id]
  captain:
    one: sailor
    fields:
      name: name
      passport: { one: passport, value: number }
      mentees: { many: sailor, value: name, order: [value] }
      crews: { count: crew }
  captain_crews: { one: sailor, value: { count: crew } }
  voyages:
    many: voyage
    fields:
      no: no
      from: { one: port, via: [from_country, from_code], value: name }
      to: { one: port, via: [to_country, to_code], fields: { code: code, name: name } }
      cargo:
        many: cargo
        where: "weight > 0"
        fields:
          kind: kind
          weight: weight
          notes: { many: inspection, value: note, order: [value] }
        order: [kind, weight desc]
      loads: { many: cargo, where: "weight >= 1", value: { expression: "100 / weight::integer" }, order: [value] }
      count: { count: cargo }
      heavy: { count: cargo, where: "weight >= 5" }
    order: [no]
  crew:
    many: crew
    fields: { role: role, name: { one: sailor, value: name } }
    order: [role, name]
`,
  'ports.yaml': `
index: ports
root: sea.port
fields:
  country: country
  code: code
  name: name
  ships: { many: ship, where: "is_active", value: name, order: [value] }
  departures: { count: voyage, via: [from_country, from_code] }
  arrivals:
    many: voyage
    via: [to_country, to_code]
    fields: { ship: { one: ship, value: name }, no: no, captain: { one: ship, value: { one: sailor, value: name } } }
    order: [ship, no]
`,
  'sailors.yaml': `
index: sailors
root: sea.sailor
where: "name is distinct from 'nobody'"
fields:
  id: id
  name: name
  passport: { one: passport, fields: { number: number } }
  mentor: { one: sailor, value: name }
  mentees: { many: sailor, where: "name like 's%'", fields: { name: name, mentees: { count: sailor } }, order: [name] }
  serves:
    many: crew
    fields:
      role: role
      ship: { one: ship, value: name }
      port: { one: ship, where: "is_active", value: { one: port, value: name } }
    order: [role, ship]
  commands: { many: ship, value: { expression: "lower(name)" }, order: [value] }
`,
  'voyages.yaml': `
index: voyages
root: sea.voyage
where: "no < 4"
fields:
  ship: { one: ship, value: name }
  no: no
  captain: { one: ship, value: { one: sailor, fields: { name: name, passport: { one: passport, value: number } } } }
  kinds: { many: cargo, value: kind, order: [value] }
  notes: { many: cargo, value: { many: inspection, value: note, order: [value] }, order: [] }
`.replace(', order: [] }', ' }'),
} as const;

/** Each index's documents, written by hand: key columns, then the document. */
export const expectedSql: Readonly<Record<string, string>> = {
  ships: `
    select s.id::text, json_build_object(
      'id', s.id, 'name', s.name, 'label', upper(s.name) || ' "#' || s.id || '"',
      'two_lines', E'a\\n  b' || s.name,
      'tonnage', s.tonnage, 'flags', s.flags, 'spec', s.spec, 'built', s.built, 'active', s.is_active, 'x1', s.x1,
      'home', (select json_build_object('country', p.country, 'code', p.code, 'name', p.name)
                 from sea.port p where p.country = s.home_country and p.code = s.home_code),
      'neighbours', (select (select coalesce(json_agg(n.name order by n.name), '[]') from sea.ship n
                              where n.home_country = p.country and n.home_code = p.code)
                       from sea.port p where p.country = s.home_country and p.code = s.home_code),
      'sister', (select t.name from sea.ship t where t.id = s.sister_id),
      'sister_of', (select coalesce(json_agg(json_build_object('id', t.id, 'name', t.name) order by t.name desc, t.id), '[]')
                      from sea.ship t where t.sister_id = s.id and t.is_active),
      'captain', (select json_build_object(
          'name', c.name,
          'passport', (select number from sea.passport where sailor_id = c.id),
          'mentees', (select coalesce(json_agg(m.name order by m.name), '[]') from sea.sailor m
                       where m.mentor_id = c.id and m.name is not null),
          'crews', (select count(*) from sea.crew w where w.sailor_id = c.id))
        from sea.sailor c where c.id = s.captain_id),
      'captain_crews', (select (select count(*) from sea.crew w where w.sailor_id = c.id) from sea.sailor c where c.id = s.captain_id),
      'voyages', (select coalesce(json_agg(json_build_object(
          'no', v.no,
          'from', (select name from sea.port p where p.country = v.from_country and p.code = v.from_code),
          'to', (select json_build_object('code', code, 'name', name) from sea.port p
                  where p.country = v.to_country and p.code = v.to_code),
          'cargo', (select coalesce(json_agg(json_build_object('kind', c.kind, 'weight', c.weight,
                'notes', (select coalesce(json_agg(i.note order by i.note), '[]') from sea.inspection i
                           where i.cargo_id = c.id and i.note is not null))
              order by c.kind, c.weight desc, c.id), '[]')
            from sea.cargo c where c.ship_id = v.ship_id and c.voyage_no = v.no and c.weight > 0),
          'loads', (select coalesce(json_agg(100 / c.weight::integer order by 100 / c.weight::integer), '[]') from sea.cargo c
                     where c.ship_id = v.ship_id and c.voyage_no = v.no and c.weight >= 1),
          'count', (select count(*) from sea.cargo c where c.ship_id = v.ship_id and c.voyage_no = v.no),
          'heavy', (select count(*) from sea.cargo c where c.ship_id = v.ship_id and c.voyage_no = v.no and c.weight >= 5)
        ) order by v.no), '[]') from sea.voyage v where v.ship_id = s.id),
      'crew', (select coalesce(json_agg(json_build_object('role', w.role, 'name', m.name) order by w.role, m.name, w.sailor_id), '[]')
                 from sea.crew w join sea.sailor m on m.id = w.sailor_id where w.ship_id = s.id)
    ) as document
    from sea.ship s where s.is_active`,
  ports: `
    select format('%s', p.country), p.code, json_build_object(
      'country', p.country, 'code', p.code, 'name', p.name,
      'ships', (select coalesce(json_agg(s.name order by s.name), '[]') from sea.ship s
                 where s.is_active and s.home_country = p.country and s.home_code = p.code),
      'departures', (select count(*) from sea.voyage v where v.from_country = p.country and v.from_code = p.code),
      'arrivals', (select coalesce(json_agg(json_build_object('ship', s.name, 'no', v.no, 'captain', c.name) order by s.name, v.no, v.ship_id), '[]')
                     from sea.voyage v join sea.ship s on s.id = v.ship_id left join sea.sailor c on c.id = s.captain_id
                    where v.to_country = p.country and v.to_code = p.code)
    ) as document
    from sea.port p`,
  sailors: `
    select a.id::text, json_build_object(
      'id', a.id, 'name', a.name,
      'passport', (select json_build_object('number', number) from sea.passport where sailor_id = a.id),
      'mentor', (select m.name from sea.sailor m where m.id = a.mentor_id),
      'mentees', (select coalesce(json_agg(json_build_object('name', m.name,
            'mentees', (select count(*) from sea.sailor n where n.mentor_id = m.id)) order by m.name, m.id), '[]')
          from sea.sailor m where m.mentor_id = a.id and m.name like 's%'),
      'serves', (select coalesce(json_agg(json_build_object('role', w.role, 'ship', s.name,
            'port', (select p.name from sea.port p where s.is_active and p.country = s.home_country and p.code = s.home_code))
            order by w.role, s.name, w.ship_id), '[]')
          from sea.crew w join sea.ship s on s.id = w.ship_id where w.sailor_id = a.id),
      'commands', (select coalesce(json_agg(lower(s.name) order by lower(s.name)), '[]') from sea.ship s where s.captain_id = a.id)
    ) as document
    from sea.sailor a where a.name is distinct from 'nobody'`,
  voyages: `
    select v.ship_id::text, v.no::text, json_build_object(
      'ship', s.name, 'no', v.no,
      'captain', (select json_build_object('name', c.name, 'passport', (select number from sea.passport where sailor_id = c.id))
                    from sea.sailor c where c.id = s.captain_id),
      'kinds', (select coalesce(json_agg(c.kind order by c.kind), '[]') from sea.cargo c where c.ship_id = v.ship_id and c.voyage_no = v.no),
      'notes', (select coalesce(json_agg((select coalesce(json_agg(i.note order by i.note), '[]') from sea.inspection i
            where i.cargo_id = c.id and i.note is not null) order by c.id), '[]')
          from sea.cargo c where c.ship_id = v.ship_id and c.voyage_no = v.no)
    ) as document
    from sea.voyage v join sea.ship s on s.id = v.ship_id where v.no < 4`,
};

/** One random edit; Postgres may refuse it for a constraint. Few distinct keys, so that rows meet. */
export function randomEdit(random: Random): string {
  const pick = (...options: string[]): string => options[random(options.length)] ?? '';
  const id = (): string => String(1 + random(8));
  const orNull = (value: string): string => (random(5) === 0 ? 'null' : value);
  const port = (): [string, string] => {
    if (random(5) === 0) return ['null', 'null'];
    return [pick(`'NL'`, `'D'`), pick(`'a'`, `'b:%3A'`, `'c'`)];
  };
  const name = (): string => `'${pick('s', 'S', 't', 'u"v', 'w\\\\x', 'nobody')}${pick('', '1', '2', '3')}'`;
  const weight = (): string => orNull(pick('0', '1', '2.50', '7', '-1'));
  const [country, code] = port();
  const edits: Record<string, () => string[]> = {
    port: () => [
      `insert into sea.port values (${country}, ${code}, ${name()})`,
      `update sea.port set name = ${name()} where country = ${country}`,
      `update sea.port set country = ${pick(`'NL'`, `'D'`)} where code = ${code} and country = ${country}`,
      `delete from sea.port where country = ${country} and code = ${code}`,
    ],
    sailor: () => [
      `insert into sea.sailor values (${id()}, ${orNull(name())}, ${orNull(id())})`,
      `update sea.sailor set name = ${orNull(name())}, mentor_id = ${orNull(id())} where id = ${id()}`,
      `update sea.sailor set id = ${id()} where id = ${id()}`,
      `delete from sea.sailor where id = ${id()}`,
    ],
    passport: () => [
      `insert into sea.passport values (${name()}, ${orNull(id())})`,
      `update sea.passport set sailor_id = ${orNull(id())} where number = ${name()}`,
      `update sea.passport set number = ${name()} where sailor_id = ${id()}`,
      `delete from sea.passport where sailor_id = ${id()}`,
    ],
    ship: () => [
      `insert into sea.ship values (${id()}, ${name()}, ${pick('true', 'true', 'false')}, ${weight()},
         array['a', 'b c'], '{"k": [1, null]}', '2020-02-29', 'x', ${country}, ${code}, ${orNull(id())}, ${orNull(id())})`,
      `update sea.ship set name = ${name()}, is_active = ${pick('true', 'false')} where id = ${id()}`,
      `update sea.ship set home_country = ${country}, home_code = ${code} where id = ${id()}`,
      `update sea.ship set sister_id = ${orNull(id())}, captain_id = ${orNull(id())} where id = ${id()}`,
      `update sea.ship set id = ${id()} where id = ${id()}`,
      `delete from sea.ship where id = ${id()}`,
    ],
    voyage: () => [
      `insert into sea.voyage values (${id()}, ${id()}, ${country}, ${code}, ${port().join()})`,
      `update sea.voyage set to_country = ${country}, to_code = ${code} where ship_id = ${id()}`,
      `update sea.voyage set from_country = ${country}, from_code = ${code} where no = ${id()}`,
      `update sea.voyage set ship_id = ${id()}, no = ${id()} where ship_id = ${id()} and no = ${id()}`,
      `delete from sea.voyage where ship_id = ${id()} and no = ${id()}`,
    ],
    cargo: () => [
      `insert into sea.cargo select ${id()}, ship_id, no, ${name()}, ${weight()} from sea.voyage limit 1 offset ${random(4)}`,
      `update sea.cargo set weight = ${weight()}, kind = ${name()} where id = ${id()}`,
      `update sea.cargo set (ship_id, voyage_no) = (select ship_id, no from sea.voyage limit 1 offset ${random(4)}) where id = ${id()}`,
      `delete from sea.cargo where id = ${id()}`,
    ],
    inspection: () => [
      `insert into sea.inspection values (${orNull(id())}, ${orNull(name())})`,
      `update sea.inspection set cargo_id = ${id()} where note = ${name()}`,
      `delete from sea.inspection where note = ${name()}`,
    ],
    crew: () => [
      `insert into sea.crew values (${id()}, ${id()}, ${name()})`,
      `update sea.crew set sailor_id = ${id()}, ship_id = ${id()} where sailor_id = ${id()}`,
      `update sea.crew set role = ${name()} where ship_id = ${id()}`,
      `delete from sea.crew where sailor_id = ${id()} and ship_id = ${id()}`,
    ],
  };
  const tables = Object.values(edits);
  const options = tables[random(tables.length)]?.() ?? [];
  // Inserts as often as everything else together.
  return options[random(2) === 0 ? 0 : random(options.length)] ?? '';
}
