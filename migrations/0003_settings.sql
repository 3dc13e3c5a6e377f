-- What a tenant set to another value than the catalogue's default. A secret has no value, only its envelope.
set local lock_timeout = '5s';

create table setting (
    tenant_id bigint not null default current_tenant(),
    name text not null,
    -- json, not jsonb: the text stays as it was sent, also numbers that a numeric would write as 300 digits.
    value json,
    secret bytea,
    modified_by bigint,
    modified_at timestamptz not null,
    constraint setting_pkey primary key (tenant_id, name),
    constraint setting_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint setting_modified_by_fkey foreign key (tenant_id, modified_by) references profile (tenant_id, id) on delete set null (modified_by),
    constraint setting_one_form check ((value is null) <> (secret is null))
);
create index setting_modified_by_idx on setting (tenant_id, modified_by);
call isolate_by_tenant('setting');
