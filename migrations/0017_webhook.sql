-- What ERPs reported: which contract or customer changed. Never what the report said about them.
set local lock_timeout = '5s';

create table webhook_event (
    tenant_id bigint not null default current_tenant(),
    id bigint generated always as identity,
    system text not null,
    -- SHA-256 of system and body, to tell a report that was sent twice.
    digest bytea not null,
    -- What is to be fetched again: the contract, else the customer.
    contract_id text,
    customer_id text,
    received_at timestamptz not null,
    -- A run takes pending ones. Those that come during the run are pending again and lead to another.
    state text not null,
    done_at timestamptz,
    constraint webhook_event_pkey primary key (tenant_id, id),
    constraint webhook_event_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint webhook_event_system_known check (system in ('powercloud', 'lynqTech')),
    constraint webhook_event_state_known check (state in ('pending', 'taken', 'done', 'ignored')),
    constraint webhook_event_done check ((state in ('done', 'ignored')) = (done_at is not null))
);
create index webhook_event_digest_idx on webhook_event (tenant_id, digest);
create index webhook_event_contract_idx on webhook_event (tenant_id, contract_id) where done_at is null;
create index webhook_event_customer_idx on webhook_event (tenant_id, customer_id) where done_at is null and contract_id is null;
create index webhook_event_done_idx on webhook_event (tenant_id, done_at) where done_at is not null;
call isolate_by_tenant('webhook_event');
