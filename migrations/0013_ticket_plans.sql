-- What 100,000 tickets showed to be slow (tests/it/plan.rs).
set local lock_timeout = '5s';

-- Ordering by priority sorted every ticket of the tenant. A column, because an expression under row level security could
-- bring an index's order, but not the place to begin at: array_position is not leakproof.
alter table ticket add column priority_rank integer not null
    generated always as (array_position(array['low', 'medium', 'high', 'urgent'], priority)) stored;
create index ticket_priority_idx on ticket (tenant_id, priority_rank, id);
-- The same for deadlines, closed tickets included. The narrow one stays: it also is the list of what is not closed.
create index ticket_due_all_idx on ticket (tenant_id, due_by desc nulls last, id desc);
-- Somebody's, or nobody's, open tickets, without going through all they ever had.
create index ticket_agent_open_idx on ticket (tenant_id, agent_id, status, created_at desc, id desc) where status <> 'closed';
