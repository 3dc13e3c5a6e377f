-- Durable work: written in the transaction that causes it, claimed by workers across tenants.
set local lock_timeout = '5s';

create table job (
    tenant_id bigint not null default current_tenant(),
    id bigint generated always as identity,
    task text not null,
    -- What it is about: of one task there is one job a key, however often it is asked for.
    key text not null,
    -- Ids, nothing else.
    payload json not null,
    -- When it is due. While somebody works on it: when their claim ends, unless they renew it.
    run_at timestamptz not null,
    -- Asked for again while somebody works on it: when the next run is due.
    rerun_at timestamptz,
    -- Runs since the last success.
    attempts integer not null default 0,
    -- Who works on it now. Whoever lost the claim cannot settle the job.
    claim uuid,
    last_error text,
    -- Given up after too many attempts.
    dead_at timestamptz,
    created_at timestamptz not null,
    constraint job_pkey primary key (tenant_id, id),
    constraint job_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint job_key_unique unique (tenant_id, task, key)
);
create index job_run_at_idx on job (run_at) where dead_at is null;
create index job_claim_idx on job (claim) where claim is not null;
create index job_dead_idx on job (tenant_id, task, dead_at, id) where dead_at is not null;
-- Rows come and go: room for changes in place, and a vacuum that does not wait for a fifth of the table.
alter table job set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
call isolate_by_tenant('job');
call open_to_system('job', 'select, update, delete');
