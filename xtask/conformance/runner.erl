%% Runs conformance scripts on OTP's own supervisor and writes down what happens.
%%
%% Protocol: a line "IN OUT" on standard input runs the scripts of file IN, writes their logs to file
%% OUT and answers "done". The format of both files stands in docs/CONFORMANCE.md.
%%
%% The VM runs with one scheduler (+S 1:1): a signal is in the queue of its receiver before any other
%% process runs, so the recorder sees events in the order of their causes.
-module(runner).

-export([main/0]).
-export([start_worker/2, start_worker/3, start_supervisor/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).
-export([log/2]).
-export([seconds/0]).

-define(AT_ONCE, 16).
-define(SCRIPT_LIMIT, 60000).
-define(REPLY_LIMIT, 10000).

%%% Files and batches

main() ->
    ok = logger:remove_handler(default),
    ok = logger:add_handler(conformance, ?MODULE, #{}),
    ok = give_clock(supervisor),
    serve().

%% Loads the module as it is, but for the clock of the restart window, which the scripts set.
give_clock(Module) ->
    Beam = code:which(Module),
    {ok, {_, [{abstract_code, {_, Forms}}]}} = beam_lib:chunks(Beam, [abstract_code]),
    {ok, Module, Code} = compile:forms(with_clock(Forms), []),
    ok = code:unstick_dir(filename:dirname(Beam)),
    {module, Module} = code:load_binary(Module, Beam, Code),
    ok.

with_clock({call, At, {remote, _, {atom, _, erlang}, {atom, _, monotonic_time}}, [{integer, _, 1}]}) ->
    {call, At, {remote, At, {atom, At, ?MODULE}, {atom, At, seconds}}, []};
with_clock(Form) when is_tuple(Form) -> list_to_tuple(with_clock(tuple_to_list(Form)));
with_clock([Form | Forms]) -> [with_clock(Form) | with_clock(Forms)];
with_clock(Other) -> Other.

%% Called by supervisors.
seconds() ->
    case get(recorder) of
        undefined -> erlang:monotonic_time(1);
        Recorder -> ask({Recorder, none, none}, seconds)
    end.

serve() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            [In, Out] = string:lexemes(Line, " \n"),
            {ok, Text} = file:read_file(In),
            Lines = [string:lexemes(L, " ") || L <- string:lexemes(binary_to_list(Text), "\n")],
            Logs = pool(scripts(Lines, [], [])),
            ok = file:write_file(Out, Logs),
            io:put_chars("done\n"),
            serve();
        _ ->
            halt(0)
    end.

scripts([], [], Done) -> lists:reverse(Done);
scripts([["end"] | Lines], Script, Done) -> scripts(Lines, [], [lists:reverse(Script) | Done]);
scripts([Line | Lines], Script, Done) -> scripts(Lines, [Line | Script], Done).

%% Runs the scripts, some at the same time, and returns their logs in order.
pool(Scripts) ->
    Numbered = lists:zip(lists:seq(1, length(Scripts)), Scripts),
    Logs = pool(Numbered, #{}, #{}),
    [maps:get(Number, Logs) || {Number, _} <- Numbered].

pool([], Running, Logs) when map_size(Running) =:= 0 -> Logs;
pool([{Number, Script} | Rest], Running, Logs) when map_size(Running) < ?AT_ONCE ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({log, guarded(Script)}) end),
    pool(Rest, Running#{Monitor => {Number, Pid}}, Logs);
pool(Waiting, Running, Logs) ->
    receive
        {'DOWN', Monitor, process, _, Reason} ->
            {{Number, _}, Left} = maps:take(Monitor, Running),
            Log = case Reason of
                {log, Text} -> Text;
                _ -> io_lib:format("broken ~0p~nend~n", [Reason])
            end,
            pool(Waiting, Left, Logs#{Number => Log})
    end.

%% One script in a process of its own, so that a stuck one ends.
guarded(Script) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({log, run(Script)}) end),
    receive
        {'DOWN', Monitor, process, _, {log, Log}} -> Log;
        {'DOWN', Monitor, process, _, Reason} -> io_lib:format("broken ~0p~nend~n", [Reason])
    after ?SCRIPT_LIMIT ->
        exit(Pid, kill),
        "broken stuck\nend\n"
    end.

%%% Scripts

parse(Lines) ->
    Empty = #{run => erlang:unique_integer([positive]), nodes => #{}, kids => #{}, plans => #{}, names => #{}, steps => []},
    lists:foldl(fun parse/2, Empty, Lines).

parse(["script" | _], Script) -> Script;
parse(["sup", L, P, Strategy, I, Period, Auto, Restart, Shutdown, Sig, Spare], Script) ->
    Flags = #{strategy => list_to_atom(Strategy), intensity => list_to_integer(I),
              period => list_to_integer(Period), auto_shutdown => list_to_atom(Auto)},
    node(L, P, Spare, child(supervisor, Restart, Shutdown, Sig), #{flags => Flags}, Script);
parse(["dyn", L, P, I, Period, Restart, Shutdown, Sig, Spare, KRestart, KShutdown, Trap, Stubborn], Script) ->
    Flags = #{strategy => simple_one_for_one, intensity => list_to_integer(I),
              period => list_to_integer(Period)},
    Template = (child(worker, KRestart, KShutdown, "0"))#{trap => Trap =:= "1", stubborn => Stubborn =:= "1"},
    node(L, P, Spare, child(supervisor, Restart, Shutdown, Sig),
         #{flags => Flags, template => Template}, Script);
parse(["worker", L, P, Restart, Shutdown, Sig, Spare, Trap, Stubborn], Script) ->
    node(L, P, Spare, child(worker, Restart, Shutdown, Sig),
         #{trap => Trap =:= "1", stubborn => Stubborn =:= "1"}, Script);
parse(["plan", L, N | Outcome], Script = #{plans := Plans}) ->
    Planned = case Outcome of
        ["ignore"] -> ignore;
        ["fail", Reason] -> {fail, reason(Reason)}
    end,
    Script#{plans := Plans#{{list_to_atom(L), list_to_integer(N)} => Planned}};
parse(["name", L, Name], Script = #{run := Run, names := Names}) ->
    %% Scripts that run at the same time share the registry of this VM.
    Registered = list_to_atom(Name ++ "@" ++ integer_to_list(Run)),
    Script#{names := Names#{list_to_atom(L) => {Name, Registered}}};
parse(["step" | Tokens], Script = #{steps := Steps}) ->
    Script#{steps := Steps ++ [split(Tokens)]}.

child(Type, Restart, Shutdown, Sig) ->
    #{type => Type, restart => list_to_atom(Restart), significant => Sig =:= "1",
      shutdown => case Shutdown of
          "brutal" -> brutal_kill;
          "infinity" -> infinity;
          Ms -> list_to_integer(Ms)
      end}.

node(L, P, Spare, Child, Extra, Script = #{nodes := Nodes, kids := Kids}) ->
    {Label, Parent} = {list_to_atom(L), list_to_atom(P)},
    Listed = case Spare of
        "0" -> Kids#{Parent => maps:get(Parent, Kids, []) ++ [Label]};
        "1" -> Kids
    end,
    Script#{nodes := Nodes#{Label => maps:merge(Child, Extra)}, kids := Listed}.

%% The operations of a step, which a semicolon separates.
split(Tokens) ->
    case lists:splitwith(fun(T) -> T =/= ";" end, Tokens) of
        {Op, []} -> [Op];
        {Op, [_ | Rest]} -> [Op | split(Rest)]
    end.

reason("normal") -> normal;
reason("shutdown") -> shutdown;
reason("shutdown:" ++ Text) -> {shutdown, Text};
reason("error:" ++ Text) -> {failed, Text};
reason("crash") -> crash.

text(normal) -> "normal";
text(shutdown) -> "shutdown";
text({shutdown, {failed_to_start_child, Id, Reason}}) ->
    io_lib:format("shutdown:failed(~s,~s)", [Id, text(Reason)]);
text({shutdown, Text}) when is_list(Text) -> "shutdown:" ++ Text;
text(killed) -> "killed";
text(noproc) -> "noproc";
text({failed, Text}) -> "error:" ++ Text;
text({boom, _Stack}) -> "crash";
%% Difference `link-to-nobody-raises`: what a process that does not trap exits ends with here.
text({noproc, [_ | _]}) -> "noproc";
text({already_started, _Holder}) -> "already_started";
text(Other) -> re:replace(io_lib:format("~0p", [Other]), "\\s", "_", [global, {return, list}]).

%%% One run

run(Lines) ->
    process_flag(trap_exit, true),
    Script = #{steps := Steps} = parse(Lines),
    Harness = self(),
    Recorder = spawn_link(fun() -> recorder(Harness) end),
    Cx = {Recorder, Harness, maps:remove(steps, Script)},
    note(Cx, "step 0"),
    case start_supervisor(Cx, r) of
        {ok, _} -> ok;
        {error, Reason} -> note(Cx, ["reply failed ", text(Reason)])
    end,
    settle(Cx),
    dump(Cx),
    lists:foldl(fun(Step, Number) -> step(Cx, Number, Step), Number + 1 end, 1, Steps),
    Log = ask(Cx, take),
    [Log, "end\n"].

step(Cx, Number, Ops) ->
    note(Cx, io_lib:format("step ~b", [Number])),
    case Ops of
        [["busy", Point, L] | Inner] -> busy(Cx, {list_to_atom(Point), list_to_atom(L)}, Inner);
        [["frozen"] | Inner] -> frozen(Cx, Inner);
        [Op] ->
            Reply = issue(Cx, Op),
            settle(Cx),
            finish(Cx, Reply)
    end,
    dump(Cx).

%% A process is held in its init or terminate, so that its supervisor is busy while the rest arrives.
busy(Cx, Hold = {_, Label}, [Trigger | Ops]) ->
    Parent = parent(Label),
    Before = ask(Cx, {alive, Parent}),
    ask(Cx, {hold, Hold}),
    First = issue(Cx, Trigger),
    Prober = spawn(fun() -> settle(Cx), exit(settled) end),
    Monitor = monitor(process, Prober),
    Held = receive
        {held, Pid} -> demonitor(Monitor, [flush]), exit(Prober, kill), Pid;
        {'DOWN', Monitor, process, _, settled} -> none
    end,
    ask(Cx, {hold, none}),
    note(Cx, ["held ", atom_to_list(Held =/= none)]),
    kill_orphans(Cx),
    %% A supervisor that is starting itself runs beside its own supervisor as soon as it goes on.
    IsStarting = Held =/= none andalso ask(Cx, {alive, Parent}) =/= Before,
    Rest = [begin
        Reply = issue(Cx, Op),
        case Held of
            none -> settle(Cx);
            _ -> arrived(Cx, Parent, Op), calm(Cx)
        end,
        Reply
    end || Op <- Ops, not IsStarting orelse hd(Op) =:= "killheld"],
    kill_orphans(Cx),
    case Held of
        none -> ok;
        _ -> Held ! release
    end,
    ask(Cx, forget_held),
    settle(Cx),
    [finish(Cx, Reply) || Reply <- [First | Rest]].

%% No supervisor looks while the operations are carried out. Then they look one after another, the deepest first.
frozen(Cx, Ops) ->
    Frozen = supervisors(Cx),
    [ok = sys:suspend(Pid) || {_, Pid} <- Frozen],
    Replies = [begin
        Reply = issue(Cx, Op),
        calm(Cx),
        Reply
    end || Op <- Ops],
    [begin
        try sys:resume(Pid) catch exit:_ -> ok end,
        settle(Cx, Label, none)
    end || {Label, Pid} <- Frozen],
    settle(Cx),
    [finish(Cx, Reply) || Reply <- Replies].

%% Those that run, the deepest first.
supervisors(Cx = {_, _, #{nodes := Nodes}}) ->
    Depth = fun(Label) -> length(string:lexemes(atom_to_list(Label), ".")) end,
    Ordered = lists:sort([{-Depth(Label), Label} || {Label, #{type := supervisor}} <- maps:to_list(Nodes)]),
    [{Label, Pid} || {_, Label} <- Ordered, Pid <- [ask(Cx, {alive, Label})], is_pid(Pid)].

%% Waits until no worker has anything left to do, without asking a supervisor.
calm(Cx) ->
    case lists:all(fun is_idle/1, ask(Cx, workers)) of
        true -> ok;
        false -> erlang:yield(), calm(Cx)
    end.

%% One that has just ended may have sent signals to those that were asked before it.
is_idle(Pid) -> process_info(Pid, [status, message_queue_len]) =:= [{status, waiting}, {message_queue_len, 0}].

parent(Label) ->
    Segments = string:lexemes(atom_to_list(Label), "."),
    list_to_atom(lists:flatten(lists:join(".", lists:droplast(Segments)))).

%% Waits until an order to stop has come down to the busy supervisor, or has ended it. It does not come
%% down while a supervisor above is busy starting this one; then it stays in the queue there.
arrived(Cx, Parent, ["stop"]) -> arrived(Cx, Parent);
arrived(Cx, Parent, ["term", _, L]) ->
    case list_to_atom(L) of
        Parent -> arrived(Cx, Parent);
        _ -> ok
    end;
arrived(_, _, _) -> ok.

arrived(Cx, Parent) ->
    case ask(Cx, {alive, Parent}) of
        undefined -> ok;
        Pid -> await_stop(Cx, Pid, 1500)
    end.

await_stop(_, _, 0) -> ok;
await_stop(Cx, Pid, Left) ->
    %% Only a parent lives on after it sent this; a child that ended so does not.
    IsStop = fun({'EXIT', From, shutdown}) -> is_process_alive(From);
                (_) -> false
             end,
    case process_info(Pid, messages) of
        undefined -> ok;
        {messages, Messages} ->
            case lists:any(IsStop, Messages) orelse ask(Cx, orphans) =/= [] of
                true -> ok;
                false -> timer:sleep(1), await_stop(Cx, Pid, Left - 1)
            end
    end.

%%% Operations

issue(Cx, ["exit", L, R]) ->
    down(Cx, list_to_atom(L), fun(Pid) -> Pid ! {stop, reason(R)} end);
issue(Cx, ["kill", L]) ->
    down(Cx, list_to_atom(L), fun(Pid) -> exit(Pid, kill) end);
issue(Cx, ["signal", L, R]) ->
    with(Cx, list_to_atom(L), fun(Pid) ->
        case process_info(Pid, trap_exit) of
            {trap_exit, true} -> exit(Pid, reason(R)), handled(Pid), {done, "ok"};
            _ when R =:= "normal" -> exit(Pid, normal), {done, "ok"};
            _ -> wait_down(Pid, fun() -> exit(Pid, reason(R)) end)
        end
    end);
issue(Cx, ["link", A, B]) -> order(Cx, link, A, B);
issue(Cx, ["unlink", A, B]) -> order(Cx, unlink, A, B);
issue(Cx, ["killheld", L]) ->
    case ask(Cx, {held, list_to_atom(L)}) of
        undefined -> {done, "skip"};
        Pid -> wait_down(Pid, fun() -> exit(Pid, kill) end)
    end;
issue(Cx = {_, _, Script}, ["start", S, L]) ->
    {Supervisor, Label} = {list_to_atom(S), list_to_atom(L)},
    Child = case Script of
        #{nodes := #{Supervisor := #{template := _}}} -> [Label];
        _ -> spec(Cx, Label)
    end,
    request(Cx, Supervisor, {start_child, Child});
issue(Cx = {_, _, Script}, ["term", S, L]) ->
    {Supervisor, Label} = {list_to_atom(S), list_to_atom(L)},
    case Script of
        #{nodes := #{Supervisor := #{template := _}}} ->
            case ask(Cx, {last, Label}) of
                undefined -> {done, "skip"};
                Pid -> request(Cx, Supervisor, {terminate_child, Pid})
            end;
        _ -> request(Cx, Supervisor, {terminate_child, Label})
    end;
issue(Cx, ["termid", S, L]) -> request(Cx, list_to_atom(S), {terminate_child, list_to_atom(L)});
issue(Cx, ["restart", S, L]) -> request(Cx, list_to_atom(S), {restart_child, list_to_atom(L)});
issue(Cx, ["delete", S, L]) -> request(Cx, list_to_atom(S), {delete_child, list_to_atom(L)});
issue(Cx, ["which", S]) -> request(Cx, list_to_atom(S), which_children);
issue(Cx, ["count", S]) -> request(Cx, list_to_atom(S), count_children);
issue(Cx, ["clock", Seconds]) ->
    ask(Cx, {clock, list_to_integer(Seconds)}),
    {done, "ok"};
issue(Cx, ["stop"]) ->
    with(Cx, r, fun(Pid) -> exit(Pid, shutdown), {done, "ok"} end).

with(Cx, Label, Do) ->
    case ask(Cx, {alive, Label}) of
        undefined -> {done, "skip"};
        Pid -> Do(Pid)
    end.

%% The worker `A` does it.
order(Cx, Verb, A, B) ->
    with(Cx, list_to_atom(A), fun(Pid) ->
        Pid ! {Verb, peer(Cx, list_to_atom(B))},
        handled(Pid),
        {done, "ok"}
    end).

%% The latest process, which may have ended; for one that never ran, some process that has ended.
peer(Cx, Label) ->
    case ask(Cx, {last, Label}) of
        undefined ->
            {Nobody, Monitor} = spawn_monitor(fun() -> ok end),
            receive {'DOWN', Monitor, process, _, _} -> Nobody end;
        Pid -> Pid
    end.

%% The message was handled, or is not going to be before something else happens.
handled(Pid) ->
    try sys:get_state(Pid, 200) catch exit:_ -> ok end.

down(Cx, Label, Do) -> with(Cx, Label, fun(Pid) -> wait_down(Pid, fun() -> Do(Pid) end) end).

wait_down(Pid, Do) ->
    Monitor = monitor(process, Pid),
    Do(),
    receive
        {'DOWN', Monitor, process, _, _} -> {done, "ok"}
    after ?REPLY_LIMIT -> {done, "pending"}
    end.

request(Cx, Supervisor, Request) ->
    case ask(Cx, {alive, Supervisor}) of
        undefined -> {done, "gone"};
        Pid -> {request, Supervisor, request_verb(Request), gen_server:send_request(Pid, Request)}
    end.

request_verb(Request) when is_tuple(Request) -> element(1, Request);
request_verb(Request) -> Request.

finish(Cx, {done, Text}) -> note(Cx, ["reply ", Text]);
finish(Cx, {request, Supervisor, Verb, Id}) ->
    Text = case gen_server:receive_response(Id, ?REPLY_LIMIT) of
        timeout -> "pending";
        {error, _} -> "gone";
        {reply, {error, {already_started, _}} = Reply} ->
            case is_of_name(Cx, Supervisor, Verb) of
                true -> "error failed already_started";
                false -> answer(Cx, Supervisor, Reply)
            end;
        {reply, Reply} -> answer(Cx, Supervisor, Reply)
    end,
    note(Cx, ["reply ", Text]).

%% Whether `already_started` speaks of a name that is taken, as the start function returned it, or of an id.
is_of_name({_, _, #{nodes := Nodes}}, Supervisor, Verb) ->
    Verb =:= restart_child orelse maps:is_key(template, maps:get(Supervisor, Nodes)).

answer(_, _, ok) -> "ok";
answer(_, _, {ok, undefined}) -> "ok undefined";
answer(Cx, _, {ok, Pid}) -> ["ok ", ask(Cx, {name, Pid})];
answer(Cx, _, {error, {already_started, Pid}}) -> ["error already_started ", ask(Cx, {name, Pid})];
answer(_, _, {error, simple_one_for_one}) -> "error dynamic";
answer(_, _, {error, Known}) when Known =:= already_present; Known =:= not_found;
                                  Known =:= running; Known =:= restarting ->
    ["error ", atom_to_list(Known)];
answer(_, _, {error, {bad_combination, _}}) -> "error spec";
answer(_, _, {error, {Reason, Child}}) when element(1, Child) =:= child -> ["error failed ", text(Reason)];
answer(_, _, {error, Reason}) -> ["error failed ", text(Reason)];
answer(_, Supervisor, Counts = [{specs, _} | _]) ->
    ["count ", atom_to_list(Supervisor), counts(Counts)];
answer(Cx, Supervisor, Children) when is_list(Children) ->
    ["which ", atom_to_list(Supervisor), children(Cx, Supervisor, Children)].

counts(Counts) ->
    [io_lib:format(" ~b", [proplists:get_value(Key, Counts)]) || Key <- [specs, active, supervisors, workers]].

children(Cx, Supervisor, Children) ->
    {_, _, #{nodes := Nodes}} = Cx,
    IsDynamic = maps:is_key(template, maps:get(Supervisor, Nodes)),
    [case Child of
        {_, Pid, _, _} when is_pid(Pid) -> [" ", ask(Cx, {name, Pid})];
        {_, State, _, _} when IsDynamic -> io_lib:format(" ~s", [State]);
        {Id, State, _, _} -> io_lib:format(" ~s:~s", [Id, State])
    end || Child <- Children].

%%% Quiescence

%% Asks every supervisor, root first, until two passes agree: a supervisor answers in its turn, after
%% everything that was in its queue.
settle(Cx) -> settle(Cx, r, none).

settle(Cx, Root, Last) ->
    kill_orphans(Cx),
    case pass(ask(Cx, {alive, Root})) of
        Last -> kill_orphans(Cx);
        Now -> case is_restarting(Now) of
            true -> settle(Cx, Root, none);
            false -> settle(Cx, Root, Now)
        end
    end.

pass(undefined) -> gone;
pass(Pid) ->
    try gen_server:call(Pid, which_children, infinity) of
        Children -> [{Id, Child, below(Type, Child)} || {Id, Child, Type, _} <- Children]
    catch
        exit:_ -> gone
    end.

below(supervisor, Pid) when is_pid(Pid) -> pass(Pid);
below(_, _) -> leaf.

is_restarting(Pass) when is_list(Pass) ->
    lists:any(fun({_, restarting, _}) -> true; ({_, _, Below}) -> is_restarting(Below) end, Pass);
is_restarting(_) -> false.

%% What a killed supervisor left behind ends by itself sooner or later, or never. Here it ends now.
kill_orphans(Cx) ->
    case ask(Cx, orphans) of
        [] -> ok;
        Pids ->
            [wait_down(Pid, fun() -> exit(Pid, kill) end) || Pid <- Pids],
            kill_orphans(Cx)
    end.

dump(Cx = {_, _, #{nodes := Nodes, names := Names}}) ->
    Supervisors = lists:sort([Label || {Label, #{type := supervisor}} <- maps:to_list(Nodes)]),
    [case ask(Cx, {alive, Label}) of
        undefined -> ok;
        Pid ->
            Which = try gen_server:call(Pid, which_children) catch exit:_ -> [] end,
            Counts = try gen_server:call(Pid, count_children) catch exit:_ -> [] end,
            note(Cx, io_lib:format("which ~s~s", [Label, children(Cx, Label, Which)])),
            note(Cx, io_lib:format("count ~s~s", [Label, counts(Counts)]))
    end || Label <- Supervisors],
    [note(Cx, ["name ", Name, " ", holder(Cx, whereis(Registered))])
     || {Name, Registered} <- lists:usort(maps:values(Names))].

holder(_, undefined) -> "none";
holder(Cx, Pid) -> ask(Cx, {name, Pid}).

%%% The processes of the tree

spec(Cx = {_, _, #{nodes := Nodes}}, Label) ->
    Node = maps:get(Label, Nodes),
    Start = case Node of
        #{type := worker} -> start_worker;
        #{type := supervisor} -> start_supervisor
    end,
    (maps:with([type, restart, shutdown, significant], Node))#{id => Label, start => {?MODULE, Start, [Cx, Label]}}.

start_supervisor(Cx, Label) -> supervisor:start_link(?MODULE, {supervisor, Cx, Label}).

start_worker(Cx = {_, _, #{nodes := Nodes}}, Label) -> start_server(Cx, Label, maps:get(Label, Nodes)).

%% A child of a simple_one_for_one supervisor.
start_worker(Cx = {_, _, #{nodes := Nodes}}, Supervisor, Label) ->
    #{template := Template} = maps:get(Supervisor, Nodes),
    start_server(Cx, Label, Template).

start_server(Cx = {_, _, #{names := Names}}, Label, Node) ->
    Init = {worker, Cx, Label, Node},
    case Names of
        #{Label := {_, Registered}} -> gen_server:start_link({local, Registered}, ?MODULE, Init, []);
        _ -> gen_server:start_link(?MODULE, Init, [])
    end.

init({supervisor, Cx = {Recorder, _, #{nodes := Nodes, kids := Kids}}, Label}) ->
    put(recorder, Recorder),
    N = ask(Cx, {begins, Label}),
    ask(Cx, {started, Label, N, ancestor(), supervisor}),
    #{flags := Flags} = Node = maps:get(Label, Nodes),
    Specs = case Node of
        #{template := Template} ->
            [(maps:with([type, restart, shutdown, significant], Template))#{
                id => template, start => {?MODULE, start_worker, [Cx, Label]}}];
        _ -> [spec(Cx, Kid) || Kid <- maps:get(Label, Kids, [])]
    end,
    {ok, {Flags, Specs}};
init({worker, Cx = {_, _, #{plans := Plans}}, Label, Node = #{trap := Trap}}) ->
    N = ask(Cx, {begins, Label}),
    pass_gate(Cx, {init, Label}),
    case maps:get({Label, N}, Plans, ok) of
        ok ->
            process_flag(trap_exit, Trap),
            ask(Cx, {started, Label, N, ancestor(), worker}),
            {ok, Node#{cx => Cx, label => Label, number => N, self_stop => false}};
        ignore ->
            note(Cx, io_lib:format("ignore ~s#~b", [Label, N])),
            ignore;
        {fail, Reason} ->
            Shown = case Reason of crash -> {boom, []}; _ -> Reason end,
            note(Cx, io_lib:format("fail ~s#~b ~s", [Label, N, text(Shown)])),
            case Reason of
                crash -> erlang:error(boom);
                _ -> {stop, Reason}
            end
    end.

handle_call(_, _, State) -> {noreply, State}.

handle_cast(_, State) -> {noreply, State}.

handle_info({stop, crash}, _) -> erlang:error(boom);
handle_info({stop, Reason}, State) -> {stop, Reason, State#{self_stop := true}};
handle_info({link, Peer}, State) -> link(Peer), {noreply, State};
handle_info({unlink, Peer}, State) -> unlink(Peer), {noreply, State};
handle_info({'EXIT', _, Reason}, State = #{cx := Cx, label := Label, number := N}) ->
    note(Cx, io_lib:format("trapped ~s#~b ~s", [Label, N, text(Reason)])),
    {noreply, State};
handle_info(_, State) -> {noreply, State}.

terminate({boom, _}, _) -> ok;
terminate({noproc, [_ | _]}, _) -> ok;
terminate(Reason, #{cx := Cx, label := Label, number := N, self_stop := Self, stubborn := Stubborn}) ->
    note(Cx, io_lib:format("term ~s#~b ~s", [Label, N, text(Reason)])),
    case {Self, Reason} of
        {false, shutdown} ->
            pass_gate(Cx, {term, Label}),
            case Stubborn of
                true -> receive never -> ok end;
                false -> ok
            end;
        _ -> ok
    end.

ancestor() -> hd(get('$ancestors')).

pass_gate(Cx = {_, Harness, _}, Point) ->
    case ask(Cx, {gate, Point}) of
        open -> ok;
        held ->
            Harness ! {held, self()},
            receive release -> ok end
    end.

%% The logger calls this in the process of the supervisor that reports.
log(#{msg := {report, #{label := {supervisor, Context}, report := Report}}}, _) when Context =/= progress ->
    case get(recorder) of
        undefined -> ok;
        Recorder ->
            Reason = proplists:get_value(reason, Report),
            Recorder ! {report, self(), Context, Reason, proplists:get_value(offender, Report)}
    end;
log(_, _) -> ok.

%%% The recorder

ask({Recorder, _, _}, Request) ->
    Monitor = monitor(process, Recorder),
    Recorder ! {ask, self(), Monitor, Request},
    receive
        {Monitor, Answer} -> demonitor(Monitor, [flush]), Answer;
        {'DOWN', Monitor, process, _, _} -> exit(no_recorder)
    end.

note({Recorder, _, _}, Line) ->
    Recorder ! {note, Line},
    ok.

%% names: pid to {label, number, parent}; current: label to pid; alive: pid to worker or supervisor.
recorder(Harness) ->
    process_flag(trap_exit, true),
    recorder_loop(#{harness => Harness, lines => [], numbers => #{}, names => #{}, current => #{},
                    alive => #{}, hold => none, held => #{}, seconds => 1000000}).

recorder_loop(S = #{lines := Lines, names := Names, alive := Alive, harness := Harness}) ->
    receive
        {note, Line} -> recorder_loop(S#{lines := [[Line, "\n"] | Lines]});
        {ask, From, Ref, Request} ->
            {Answer, Next} = answer_ask(Request, From, S),
            From ! {Ref, Answer},
            recorder_loop(Next);
        {'DOWN', _, process, Pid, Reason} ->
            Line = ["exit ", name(Pid, Names), " ", text(Reason), "\n"],
            recorder_loop(S#{lines := [Line | Lines], alive := maps:remove(Pid, Alive)});
        {report, Supervisor, Context, Reason, Offender} ->
            Line = report(Context, name(Supervisor, Names), offender(Offender, Names), Reason),
            recorder_loop(S#{lines := [[Line, "\n"] | Lines]});
        {'EXIT', Harness, _} ->
            [exit(Pid, kill) || Pid <- maps:keys(Alive)]
    end.

answer_ask({begins, Label}, _, S = #{numbers := Numbers}) ->
    N = maps:get(Label, Numbers, 0) + 1,
    {N, S#{numbers := Numbers#{Label => N}}};
answer_ask({started, Label, N, Parent, Type}, Pid, S = #{names := Names, current := Current, alive := Alive, lines := Lines}) ->
    monitor(process, Pid),
    Line = io_lib:format("start ~s#~b~n", [Label, N]),
    {ok, S#{names := Names#{Pid => {Label, N, Parent}}, current := Current#{Label => Pid},
            alive := Alive#{Pid => Type}, lines := [Line | Lines]}};
answer_ask({gate, Hold = {_, Label}}, Pid, S = #{hold := Hold, held := Held}) ->
    {held, S#{hold := none, held := Held#{Label => Pid}}};
answer_ask({gate, _}, _, S) -> {open, S};
answer_ask({hold, Hold}, _, S) -> {ok, S#{hold := Hold}};
answer_ask(seconds, _, S = #{seconds := Seconds}) -> {Seconds, S};
answer_ask({clock, Passed}, _, S = #{seconds := Seconds}) -> {ok, S#{seconds := Seconds + Passed}};
answer_ask(forget_held, _, S) -> {ok, S#{held := #{}}};
answer_ask({held, Label}, _, S = #{held := Held}) -> {maps:get(Label, Held, undefined), S};
answer_ask({last, Label}, _, S = #{current := Current}) -> {maps:get(Label, Current, undefined), S};
answer_ask({alive, Label}, _, S = #{current := Current, alive := Alive}) ->
    Pid = maps:get(Label, Current, undefined),
    case maps:is_key(Pid, Alive) of
        true -> {Pid, S};
        false -> {undefined, S}
    end;
answer_ask(workers, _, S = #{alive := Alive, held := Held}) ->
    {[Pid || {Pid, worker} <- maps:to_list(Alive), not lists:member(Pid, maps:values(Held))], S};
answer_ask({name, Pid}, _, S = #{names := Names}) -> {name(Pid, Names), S};
answer_ask(orphans, _, S = #{names := Names, alive := Alive}) ->
    Orphans = [Pid || Pid <- maps:keys(Alive),
                      #{Pid := {_, _, Parent}} <- [Names],
                      maps:is_key(Parent, Names), not maps:is_key(Parent, Alive)],
    {Orphans, S};
answer_ask(take, _, S = #{lines := Lines}) -> {lists:reverse(Lines), S#{lines := []}}.

name(Pid, Names) ->
    case Names of
        #{Pid := {Label, N, _}} -> lists:flatten(io_lib:format("~s#~b", [Label, N]));
        _ -> "unknown"
    end.

report(shutdown, Supervisor, Child, _) -> ["report ", Supervisor, " give_up ", Child];
report(Context, Supervisor, Child, Reason) ->
    ["report ", Supervisor, " ", atom_to_list(Context), " ", Child, " ", text(Reason)].

offender(Offender, Names) ->
    Pid = case proplists:get_value(pid, Offender) of
        {restarting, Last} -> Last;
        Other -> Other
    end,
    case {proplists:get_value(nb_children, Offender), Names} of
        {Count, _} when is_integer(Count) -> io_lib:format("*~b", [Count]);
        {_, #{Pid := {Label, _, _}}} -> atom_to_list(Label);
        _ -> io_lib:format("~s", [proplists:get_value(id, Offender)])
    end.
