-- The last good copy of what an ERP answered.
set local lock_timeout = '5s';

create table erp_cache (
    tenant_id bigint not null default current_tenant(),
    -- Fingerprint of the connection: another ERP, another URL or another key never sees these rows.
    connection text not null,
    kind text not null,
    external_id text not null,
    body json not null,
    fetched_at timestamptz not null,
    -- Set by an invalidation: no longer served as current, still there when the ERP is down.
    invalidated_at timestamptz,
    constraint erp_cache_pkey primary key (tenant_id, connection, kind, external_id),
    constraint erp_cache_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint erp_cache_kind check (kind in ('contract', 'customer'))
);
create index erp_cache_external_idx on erp_cache (tenant_id, kind, external_id);
-- A customer may answer to a second number: invalidation by the number it shows finds the copy under the other one.
create index erp_cache_own_id_idx on erp_cache (tenant_id, kind, (body ->> 'id'));
create index erp_cache_fetched_idx on erp_cache (fetched_at);
call isolate_by_tenant('erp_cache');
