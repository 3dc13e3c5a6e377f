-- The last good copy of what an ERP answered.
set local lock_timeout = '5s';

create table erp_cache (
    tenant_id bigint not null default current_tenant(),
    -- Fingerprint of the connection: another ERP, another URL or another key never sees these rows.
    connection text not null,
    kind text not null,
    -- The number it was asked for; own_id is the number it shows. A customer may answer to two.
    external_id text not null,
    own_id text not null,
    -- Of a contract: the customer it belongs to.
    customer_id text,
    body json not null,
    fetched_at timestamptz not null,
    -- Set by an invalidation: no longer served as current, still there when the ERP is down.
    invalidated_at timestamptz,
    constraint erp_cache_pkey primary key (tenant_id, connection, kind, external_id),
    constraint erp_cache_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint erp_cache_kind check (kind in ('contract', 'customer'))
);
create index erp_cache_external_idx on erp_cache (tenant_id, kind, external_id);
create index erp_cache_own_id_idx on erp_cache (tenant_id, kind, own_id);
create index erp_cache_customer_idx on erp_cache (tenant_id, customer_id);
create index erp_cache_fetched_idx on erp_cache (tenant_id, fetched_at);
call isolate_by_tenant('erp_cache');

-- Counts invalidations of a tenant: an answer that was asked for before one and arrives after it is not current.
create table erp_cache_epoch (
    tenant_id bigint not null default current_tenant(),
    epoch bigint not null,
    constraint erp_cache_epoch_pkey primary key (tenant_id),
    constraint erp_cache_epoch_tenant_fkey foreign key (tenant_id) references tenant (id)
);
call isolate_by_tenant('erp_cache_epoch');
