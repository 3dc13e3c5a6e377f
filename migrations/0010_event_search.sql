-- Finding events by what they are about.
set local lock_timeout = '5s';

create index event_ticket_idx on event (tenant_id, ticket_id, id desc) where ticket_id is not null;
create index event_contract_idx on event (tenant_id, contract_id, id desc) where contract_id is not null;
create index event_type_idx on event (tenant_id, type, created_at desc, id desc);
