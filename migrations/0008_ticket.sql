-- Tickets (contract/ticket.md). What changes often is narrow and stands apart from the text, which is written once.
set local lock_timeout = '5s';

create table ticket (
    tenant_id bigint not null default current_tenant(),
    id bigint generated always as identity,
    version bigint not null default 1,
    status text not null,
    priority text not null,
    channel text not null,
    direction text not null,
    subject text,
    from_address text,
    -- As addresses are compared: lower case, no white space around.
    from_norm text,
    from_name text,
    to_addresses text[] not null default '{}',
    cc_addresses text[] not null default '{}',
    bcc_addresses text[] not null default '{}',
    subchannel_id bigint,
    channel_id text,
    external_ticket_id text,
    contract_id text,
    customer_id text,
    customer_legitimation smallint not null default 0,
    agent_id bigint,
    responder_id bigint,
    ai_support_level text not null default 'unprocessed',
    spam_status text,
    is_customer_active boolean not null default true,
    is_escalated boolean not null default false,
    sentiment text,
    language text,
    language_code text,
    summary text,
    -- How the sender wants it processed: realtime, batch, false.
    process text not null default 'batch',
    additional_data json not null default '{}',
    auto_execute_at timestamptz,
    created_at timestamptz not null,
    modified_at timestamptz,
    first_response_due_by timestamptz,
    due_by timestamptz,
    closed_at timestamptz,
    last_message_at timestamptz not null,
    last_customer_message_at timestamptz,
    constraint ticket_pkey primary key (tenant_id, id),
    constraint ticket_external_unique unique (tenant_id, external_ticket_id),
    constraint ticket_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint ticket_agent_fkey foreign key (tenant_id, agent_id) references profile (tenant_id, id) on delete set null (agent_id),
    constraint ticket_responder_fkey foreign key (tenant_id, responder_id) references profile (tenant_id, id) on delete set null (responder_id),
    constraint ticket_status_known check (status in ('open', 'pending', 'closed')),
    constraint ticket_priority_known check (priority in ('low', 'medium', 'high', 'urgent')),
    constraint ticket_channel_known check (channel in ('email', 'portal', 'phone', 'letter', 'system', 'chat', 'walkIn')),
    constraint ticket_direction_known check (direction in ('in', 'out', 'internal')),
    constraint ticket_ai_support_level_known check (ai_support_level in ('unprocessed', 'human', 'bot', 'automated')),
    constraint ticket_spam_status_known check (spam_status in ('auto_spam', 'auto_programmatic', 'manual_spam', 'auto_clean', 'manual_clean')),
    constraint ticket_process_known check (process in ('realtime', 'batch', 'false')),
    constraint ticket_legitimation_known check (customer_legitimation in (0, 20, 30) or customer_legitimation between 10 and 19),
    constraint ticket_closed check ((status = 'closed') = (closed_at is not null))
);
-- Every order ends with the id. A null sorts below every value, so one index serves both directions.
create index ticket_status_idx on ticket (tenant_id, status, priority, created_at desc, id desc);
create index ticket_created_idx on ticket (tenant_id, created_at desc, id desc);
create index ticket_modified_idx on ticket (tenant_id, modified_at desc nulls last, id desc);
create index ticket_last_message_idx on ticket (tenant_id, last_message_at desc, id desc);
create index ticket_due_idx on ticket (tenant_id, due_by desc nulls last, id desc) where status <> 'closed';
create index ticket_from_idx on ticket (tenant_id, from_norm, created_at desc, id desc);
create index ticket_contract_idx on ticket (tenant_id, contract_id, created_at desc, id desc) where contract_id is not null;
create index ticket_customer_idx on ticket (tenant_id, customer_id, created_at desc, id desc) where customer_id is not null;
create index ticket_agent_idx on ticket (tenant_id, agent_id, created_at desc, id desc);
create index ticket_responder_idx on ticket (tenant_id, responder_id);
call isolate_by_tenant('ticket');
-- Counts of deadlines and statuses move with every ticket; the default waits for a fifth of the table.
alter table ticket set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

create table ticket_content (
    tenant_id bigint not null default current_tenant(),
    ticket_id bigint not null,
    -- HTML, cleaned.
    body text,
    body_plain text,
    -- Without quoted mail, signature and footer.
    body_clean text,
    raw_data json,
    -- Subject, body and addresses in German and English stems.
    terms tsvector not null,
    constraint ticket_content_pkey primary key (tenant_id, ticket_id),
    constraint ticket_content_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint ticket_content_ticket_fkey foreign key (tenant_id, ticket_id) references ticket (tenant_id, id) on delete cascade
);
call isolate_by_tenant('ticket_content');

create table ticket_tag (
    tenant_id bigint not null default current_tenant(),
    ticket_id bigint not null,
    tag_id bigint not null,
    constraint ticket_tag_pkey primary key (tenant_id, ticket_id, tag_id),
    constraint ticket_tag_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint ticket_tag_ticket_fkey foreign key (tenant_id, ticket_id) references ticket (tenant_id, id) on delete cascade,
    constraint ticket_tag_tag_fkey foreign key (tenant_id, tag_id) references tag (tenant_id, id)
);
create index ticket_tag_tag_idx on ticket_tag (tenant_id, tag_id, ticket_id);
call isolate_by_tenant('ticket_tag');
