-- Finding events by what they are about.
set local lock_timeout = '5s';

create index event_ticket_idx on event (tenant_id, ticket_id, id desc) where ticket_id is not null;
create index event_contract_idx on event (tenant_id, contract_id, id desc) where contract_id is not null;
create index event_type_idx on event (tenant_id, type, created_at desc, id desc);
-- Events in the order of their commits, for readers that go on where they stopped.
create index event_feed_idx on event (tenant_id, xid, id);
