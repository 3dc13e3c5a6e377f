-- Files that came with a message. The bytes lie in the object store.
set local lock_timeout = '5s';

create table attachment (
    tenant_id bigint not null default current_tenant(),
    id bigint generated always as identity,
    ticket_id bigint not null,
    name text not null,
    content_type text not null,
    -- Bytes.
    size bigint not null,
    width integer,
    height integer,
    inline boolean not null default false,
    -- Where the object store keeps it; null while only original_url is known.
    storage_key text,
    -- SHA-256 of the bytes, so that the same file sent twice is kept once per ticket.
    digest bytea,
    original_url text,
    extracted_data json,
    extraction_status text,
    extraction_data json,
    created_at timestamptz not null,
    constraint attachment_pkey primary key (tenant_id, id),
    constraint attachment_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint attachment_ticket_fkey foreign key (tenant_id, ticket_id) references ticket (tenant_id, id) on delete cascade,
    constraint attachment_somewhere check (storage_key is not null or original_url is not null)
);
create index attachment_ticket_idx on attachment (tenant_id, ticket_id, id);
call isolate_by_tenant('attachment');
