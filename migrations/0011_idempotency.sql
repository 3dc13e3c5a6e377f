-- Requests with an Idempotency-Key: claimed before the work, answered inside its transaction, gone after a day.
set local lock_timeout = '5s';

create table idempotency (
    tenant_id bigint not null default current_tenant(),
    profile_id bigint not null,
    -- Hash of method, path and key. The key itself may hold anything, also a name.
    scope bytea not null,
    -- Hash of query and body: the same key with another request is refused.
    fingerprint bytea not null,
    -- Who works on it now. Whoever lost the claim cannot finish, and its transaction rolls back.
    claim uuid not null,
    lease_until timestamptz not null,
    created_at timestamptz not null,
    -- Sealed; null while the work goes on, empty once it was erased.
    answer bytea,
    -- Whom or what the answer is about, as in ticket/376189, so that it can be erased with it.
    about text,
    constraint idempotency_pkey primary key (tenant_id, profile_id, scope),
    constraint idempotency_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint idempotency_profile_fkey foreign key (tenant_id, profile_id) references profile (tenant_id, id) on delete cascade
);
-- What is encrypted does not get smaller.
alter table idempotency alter column answer set storage external;
create index idempotency_created_idx on idempotency (tenant_id, created_at);
create index idempotency_about_idx on idempotency (tenant_id, about) where about is not null;
call isolate_by_tenant('idempotency');
