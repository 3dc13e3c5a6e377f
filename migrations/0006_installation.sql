-- One row about the whole database.
set local lock_timeout = '5s';

create table installation (
    only_row boolean not null default true,
    -- A known text under the active key: tells at the start whether MIND_SECRET_KEY belongs to this database.
    key_check bytea not null,
    constraint installation_pkey primary key (only_row),
    constraint installation_only_row check (only_row)
);
call open_to_system('installation', 'select, insert, update');
