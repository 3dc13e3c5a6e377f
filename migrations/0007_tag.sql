-- Labels of tickets, contracts and customers, in a tree (contract/tag.md).
set local lock_timeout = '5s';

create table tag (
    tenant_id bigint not null default current_tenant(),
    id bigint generated always as identity,
    version bigint not null default 1,
    name text not null,
    parent_id bigint,
    reference text not null,
    type text not null,
    visibility text not null,
    color text not null,
    properties text[] not null,
    complexity text,
    -- Business hours.
    sla integer,
    -- do-not-change, or what a ticket's priority becomes.
    priority text not null,
    channels text[] not null,
    subchannels bigint[] not null,
    detection_details json not null,
    assignment text[] not null,
    test_case json not null,
    created_at timestamptz not null,
    modified_by bigint,
    modified_at timestamptz,
    deleted_at timestamptz,
    constraint tag_pkey primary key (tenant_id, id),
    constraint tag_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint tag_parent_fkey foreign key (tenant_id, parent_id) references tag (tenant_id, id),
    constraint tag_modified_by_fkey foreign key (tenant_id, modified_by) references profile (tenant_id, id) on delete set null (modified_by),
    constraint tag_parent_other check (parent_id <> id),
    constraint tag_reference_known check (reference in ('ticket', 'contract', 'customer')),
    constraint tag_type_known check (type in ('skill', 'product', 'brand', 'customerProperty', 'contractProperty', 'other')),
    constraint tag_visibility_known check (visibility in ('public', 'private', 'disabled')),
    constraint tag_priority_known check (priority in ('do-not-change', 'low', 'medium', 'high', 'urgent')),
    constraint tag_sla_positive check (sla > 0)
);
create index tag_parent_idx on tag (tenant_id, parent_id);
create index tag_modified_by_idx on tag (tenant_id, modified_by);
call isolate_by_tenant('tag');
