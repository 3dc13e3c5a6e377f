-- Who did what, appended in the transaction that did it.
set local lock_timeout = '5s';

create table event (
    tenant_id bigint not null default current_tenant(),
    id bigint generated always as identity,
    type text not null,
    sub_type text,
    status text not null default 'closed',
    data json,
    ticket_id bigint,
    contract_id text,
    created_by bigint,
    created_at timestamptz not null,
    -- Orders events by commit: a reader that stays below pg_snapshot_xmin misses none.
    xid xid8 not null default pg_current_xact_id(),
    constraint event_pkey primary key (tenant_id, id),
    constraint event_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint event_created_by_fkey foreign key (tenant_id, created_by) references profile (tenant_id, id) on delete set null (created_by)
);
create index event_created_idx on event (tenant_id, created_at desc, id desc);
create index event_created_by_idx on event (tenant_id, created_by);
call isolate_by_tenant('event');
-- Append only: what happened is not edited.
revoke update, delete on event from mind_app;
